package main

import (
	"crypto/subtle"
	"errors"
	"io/fs"
	"log"
	"net/http"
	"os"
	"strings"
)

// mayFetch says whether r may read the repository that it names. The file at path has a line
// for each repository that asks for a login: its name below the root, and the token that is
// valid now. It is read with every request, so that a token ends the moment it is taken out.
func mayFetch(path string, r *http.Request) bool {
	if path == "" {
		return true
	}
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return true
	} else if err != nil {
		log.Printf("logins: %v", err)
		return false
	}
	for _, line := range strings.Split(string(text), "\n") {
		name, token, _ := strings.Cut(strings.TrimSpace(line), " ")
		if name == "" || !strings.HasPrefix(r.URL.Path, "/"+name+"/") {
			continue
		}
		_, given, _ := r.BasicAuth() // any user: as with the tokens of most Git servers
		return token != "" && subtle.ConstantTimeCompare([]byte(given), []byte(token)) == 1
	}
	return true
}
