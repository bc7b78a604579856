package multicall

import (
	"slices"
	"strings"
	"testing"
)

var programs = []string{"etcd", "kubectl"}

func TestTheProgramIsChosenByLinkNameOrFirstArgument(t *testing.T) {
	for _, c := range []struct{ argv, want []string }{
		{[]string{"/bin/etcd", "--version"}, []string{"etcd", "--version"}},
		{[]string{"berth-control-plane", "kubectl", "get", "pods"}, []string{"kubectl", "get", "pods"}},
		{[]string{"kubectl", "etcd"}, []string{"kubectl", "etcd"}}, // the link name wins
	} {
		name, args, err := Choose(c.argv, programs)
		if err != nil || name != c.want[0] || !slices.Equal(args, c.want) {
			t.Errorf("Choose(%q) = %q, %q, %v; want %q", c.argv, name, args, err, c.want)
		}
	}
}

func TestAnUnknownProgramIsAnErrorThatNamesTheKnownOnes(t *testing.T) {
	for _, argv := range [][]string{{"berth-control-plane"}, {"berth-control-plane", "kubelet"}, nil} {
		_, _, err := Choose(argv, programs)
		if err == nil || !strings.Contains(err.Error(), "etcd, kubectl") {
			t.Errorf("Choose(%q): %v", argv, err)
		}
	}
}
