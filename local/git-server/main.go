// Command git-server serves the bare Git repositories below a directory over HTTP,
// read only, on the loopback interface: the deploy repository of the local fleet.
//
// Git itself speaks the protocol (git http-backend); this program only decides what
// may reach it. There is no TLS, so it never listens on a network.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// stopGrace is how long running fetches may take to finish after SIGTERM.
const stopGrace = 5 * time.Second

func main() {
	root := flag.String("root", "", "the directory that holds the bare repositories")
	listen := flag.String("listen", "127.0.0.1:0", "loopback address and port; port 0 takes a free one, which the log names")
	logins := flag.String("logins", "", "a file with a repository and its token a line: these ask for a login, all others do not")
	flag.Parse()
	log.SetFlags(log.LstdFlags | log.LUTC)

	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *root, *listen, *logins); err != nil {
		fmt.Fprintln(os.Stderr, "git-server:", err)
		os.Exit(1)
	}
}

// run serves until ctx ends.
func run(ctx context.Context, root, listen, logins string) error {
	backend, err := findBackend()
	if err != nil {
		return err
	}
	handler, err := newHandler(root, backend, logins)
	if err != nil {
		return err
	}
	listener, err := listenLoopback(listen)
	if err != nil {
		return err
	}
	server := &http.Server{Handler: logRequests(handler), ReadHeaderTimeout: 10 * time.Second}
	log.Printf("serving %s on http://%s", root, listener.Addr())

	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}

	log.Print("stopping")
	grace, cancel := context.WithTimeout(context.Background(), stopGrace)
	defer cancel()
	if err := server.Shutdown(grace); errors.Is(err, context.DeadlineExceeded) {
		return server.Close()
	} else if err != nil {
		return err
	}
	return nil
}

// listenLoopback refuses any address other machines could reach. It listens on the
// address it checked, so that a name cannot resolve to another one in between.
func listenLoopback(address string) (net.Listener, error) {
	resolved, err := net.ResolveTCPAddr("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("--listen %s: %w", address, err)
	}
	if !resolved.IP.IsLoopback() { // no host at all (":8080") means every interface, and has no IP here
		return nil, fmt.Errorf("--listen %s: not a loopback address; use 127.0.0.1:<port>", address)
	}
	return net.ListenTCP("tcp", resolved)
}
