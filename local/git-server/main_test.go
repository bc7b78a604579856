package main

import (
	"context"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestMain(m *testing.M) {
	log.SetOutput(io.Discard)
	os.Exit(m.Run())
}

// git runs Git without the configuration of the machine, and returns what it printed.
func git(t *testing.T, args ...string) (string, error) {
	t.Helper()
	cmd := exec.Command("git", args...)
	cmd.Env = append(os.Environ(), "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_TERMINAL_PROMPT=0",
		"GIT_AUTHOR_NAME=test", "GIT_AUTHOR_EMAIL=test@example.com",
		"GIT_COMMITTER_NAME=test", "GIT_COMMITTER_EMAIL=test@example.com")
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func mustGit(t *testing.T, args ...string) string {
	t.Helper()
	out, err := git(t, args...)
	if err != nil {
		t.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return out
}

// serveRepository starts the server on a root with one repository, deploy.git, whose
// own configuration asks for pushes to be accepted. It returns the server's URL and a
// work tree with one commit.
func serveRepository(t *testing.T) (url, work string) {
	t.Helper()
	return serveWithLogins(t, "")
}

// serveWithLogins is serveRepository with a file of logins.
func serveWithLogins(t *testing.T, logins string) (url, work string) {
	t.Helper()
	root, work := t.TempDir(), t.TempDir()
	bare := filepath.Join(root, "deploy.git")
	mustGit(t, "init", "--quiet", "--bare", "--initial-branch=main", bare)
	mustGit(t, "-C", bare, "config", "http.receivepack", "true")
	mustGit(t, "-C", bare, "config", "http.getanyfile", "true")
	mustGit(t, "init", "--quiet", "--initial-branch=main", work)
	if err := os.WriteFile(filepath.Join(work, "hello"), []byte("hello\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	mustGit(t, "-C", work, "add", "hello")
	mustGit(t, "-C", work, "commit", "--quiet", "-m", "one")
	mustGit(t, "-C", work, "push", "--quiet", bare, "main")

	backend, err := findBackend()
	if err != nil {
		t.Fatal(err)
	}
	handler, err := newHandler(root, backend, logins)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(logRequests(handler))
	t.Cleanup(server.Close)
	return server.URL, work
}

func TestARepositoryCanBeClonedWithEveryProtocolVersion(t *testing.T) {
	url, _ := serveRepository(t)
	for _, version := range []string{"0", "1", "2"} {
		clone := filepath.Join(t.TempDir(), "clone")
		mustGit(t, "-c", "protocol.version="+version, "clone", "--quiet", "--depth=1", url+"/deploy.git", clone)
		if got, err := os.ReadFile(filepath.Join(clone, "hello")); err != nil || string(got) != "hello\n" {
			t.Errorf("protocol %s: cloned %q, %v", version, got, err)
		}
	}
}

func TestAPushIsRefusedEvenIfTheRepositoryAllowsIt(t *testing.T) {
	url, work := serveRepository(t)
	mustGit(t, "-C", work, "commit", "--quiet", "--allow-empty", "-m", "two")
	out, err := git(t, "-C", work, "push", url+"/deploy.git", "main")
	if err == nil || !strings.Contains(out, "403") {
		t.Errorf("push: %v, want a 403:\n%s", err, out)
	}
}

func TestOnlyFetchingReachesGit(t *testing.T) {
	url, _ := serveRepository(t)
	for _, c := range []struct {
		method, target string
		want           int
	}{
		{"GET", "/healthz", 200},
		{"GET", "/deploy.git/info/refs?service=git-upload-pack", 200},
		{"GET", "/deploy.git/info/refs?service=git-receive-pack", 403},
		{"GET", "/deploy.git/info/refs", 403},
		{"GET", "/deploy.git/HEAD", 403},
		{"GET", "/deploy.git/config", 403},
		{"GET", "/", 403},
		{"POST", "/deploy.git/git-receive-pack", 403},
		{"PUT", "/deploy.git/git-upload-pack", 403},
		{"GET", "/absent.git/info/refs?service=git-upload-pack", 404},
		{"GET", "/../deploy.git/info/refs?service=git-upload-pack", 404},
		{"GET", "/%2e%2e/deploy.git/info/refs?service=git-upload-pack", 404},
	} {
		request, err := http.NewRequestWithContext(t.Context(), c.method, url+c.target, nil)
		if err != nil {
			t.Fatal(err)
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		if response.StatusCode != c.want {
			t.Errorf("%s %s: %d, want %d", c.method, c.target, response.StatusCode, c.want)
		}
	}
}

func TestARepositoryAsksForTheTokenThatIsValidNow(t *testing.T) {
	logins := filepath.Join(t.TempDir(), "logins")
	url, _ := serveWithLogins(t, logins)
	fetch := func(token string) error {
		at := strings.Replace(url, "://", "://anyone:"+token+"@", 1)
		if token == "" {
			at = url
		}
		_, err := git(t, "ls-remote", at+"/deploy.git")
		return err
	}
	for _, c := range []struct {
		file, token string
		open        bool
	}{
		{"", "", true},
		{"other.git secret\n", "", true},
		{"deploy.git.git secret\n", "", true},
		{"deploy.git first\n", "first", true},
		{"deploy.git first\n", "", false},
		{"deploy.git first\n", "firs", false},
		{"other.git first\ndeploy.git second\n", "first", false},
		{"other.git first\ndeploy.git second\n", "second", true},
		{"deploy.git\n", "", false}, // a token that has ended
		{"deploy.git \n", "first", false},
	} {
		if err := os.WriteFile(logins, []byte(c.file), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := fetch(c.token); (err == nil) != c.open {
			t.Errorf("%q with the token %q: %v", c.file, c.token, err)
		}
	}
}

func TestOnlyLoopbackAddressesAreListenedOn(t *testing.T) {
	for _, address := range []string{"", ":0", "0.0.0.0:0", "[::]:0", "192.0.2.1:0", "nonsense"} {
		if listener, err := listenLoopback(address); err == nil {
			_ = listener.Close()
			t.Errorf("listening on %q was not refused", address)
		}
	}
	listener, err := listenLoopback("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	if !listener.Addr().(*net.TCPAddr).IP.IsLoopback() {
		t.Errorf("listening on %s", listener.Addr())
	}
}

func TestTheServerStopsWithoutErrorWhenItsContextEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- run(ctx, t.TempDir(), "127.0.0.1:0", "") }()
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestAMissingRootIsAnError(t *testing.T) {
	for _, root := range []string{"", filepath.Join(t.TempDir(), "absent")} {
		if err := run(t.Context(), root, "127.0.0.1:0", ""); err == nil {
			t.Errorf("root %q: no error", root)
		}
	}
}
