// Package multicall picks one of several programs that share a file, by the name the
// file was called by or else by the first argument.
//
// It is apart from the main package so that its test need not compile Kubernetes.
package multicall

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
)

// Choose returns which of programs argv asks for, and the argv that program should see.
func Choose(argv, programs []string) (name string, args []string, err error) {
	for i, arg := range argv[:min(len(argv), 2)] {
		if name = filepath.Base(arg); slices.Contains(programs, name) {
			return name, append([]string{name}, argv[i+1:]...), nil
		}
	}
	return "", nil, fmt.Errorf("usage: <this file> PROGRAM [ARGUMENT]...\n"+
		"PROGRAM (or the name of a symbolic link to this file) is one of: %s", strings.Join(programs, ", "))
}
