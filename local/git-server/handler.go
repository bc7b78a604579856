package main

import (
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/cgi"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"time"
)

// findBackend returns the path of git-http-backend, which Git keeps off PATH.
func findBackend() (string, error) {
	out, err := exec.Command("git", "--exec-path").Output()
	if err != nil {
		return "", fmt.Errorf("git --exec-path: %w; is Git installed?", err)
	}
	backend := filepath.Join(strings.TrimSpace(string(out)), "git-http-backend")
	if _, err := os.Stat(backend); err != nil {
		return "", fmt.Errorf("%w; some systems package git http-backend apart from git", err)
	}
	return backend, nil
}

// newHandler serves the repositories below root through the given git-http-backend. Those
// that the file at logins names ask for a login; the file may be absent.
func newHandler(root, backend, logins string) (http.Handler, error) {
	if root == "" { // would be the working directory otherwise
		return nil, errors.New("--root is required")
	}
	root, err := filepath.Abs(root)
	if err != nil {
		return nil, err
	}
	if info, err := os.Stat(root); err != nil {
		return nil, fmt.Errorf("--root: %w", err)
	} else if !info.IsDir() {
		return nil, fmt.Errorf("--root %s: not a directory", root)
	}
	git := &cgi.Handler{
		Path: backend,
		Dir:  root,
		Env: []string{
			"GIT_PROJECT_ROOT=" + root,
			"GIT_HTTP_EXPORT_ALL=1", // no marker file in each repository
			// The same answers on every machine, whatever its user has configured.
			"GIT_CONFIG_NOSYSTEM=1",
			"GIT_CONFIG_GLOBAL=" + os.DevNull,
			// Settings given this way win over the repository's own, so that none of them
			// can switch writing, or reading single files, back on.
			"GIT_CONFIG_COUNT=2",
			"GIT_CONFIG_KEY_0=http.receivepack", "GIT_CONFIG_VALUE_0=false",
			"GIT_CONFIG_KEY_1=http.getanyfile", "GIT_CONFIG_VALUE_1=false",
		},
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/healthz":
			_, _ = io.WriteString(w, "ok\n")
		case r.URL.Path != path.Clean(r.URL.Path):
			http.NotFound(w, r)
		case !isFetch(r):
			http.Error(w, "only fetching (git-upload-pack) is served here", http.StatusForbidden)
		case !mayFetch(logins, r):
			w.Header().Set("WWW-Authenticate", `Basic realm="git"`)
			http.Error(w, "a user and a valid token are needed", http.StatusUnauthorized)
		default:
			git.ServeHTTP(w, r)
		}
	}), nil
}

// isFetch says whether r is one of the two requests a clone or fetch is made of. All
// else, pushes above all, stays away from Git.
func isFetch(r *http.Request) bool {
	switch r.Method {
	case http.MethodGet:
		return strings.HasSuffix(r.URL.Path, "/info/refs") && r.URL.Query().Get("service") == "git-upload-pack"
	case http.MethodPost:
		return strings.HasSuffix(r.URL.Path, "/git-upload-pack")
	}
	return false
}

// logRequests writes one line for each request to the standard logger.
func logRequests(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		recorder := &statusRecorder{ResponseWriter: w, status: http.StatusOK}
		next.ServeHTTP(recorder, r)
		log.Printf("%s %q %d %dB %s", r.Method, r.URL.RequestURI(), recorder.status, recorder.bytes,
			time.Since(start).Round(time.Millisecond))
	})
}

// statusRecorder remembers what was answered, for the log.
type statusRecorder struct {
	http.ResponseWriter
	status int
	bytes  int64
}

func (s *statusRecorder) WriteHeader(status int) {
	s.status = status
	s.ResponseWriter.WriteHeader(status)
}

func (s *statusRecorder) Write(data []byte) (int, error) {
	n, err := s.ResponseWriter.Write(data)
	s.bytes += int64(n)
	return n, err
}
