// Command berth-argocd is the part of Argo CD that reconciles, in one file:
// argocd-application-controller, argocd-repo-server and argocd-notifications, and the
// program that Git asks for a repo's password.
//
// The repo server is Argo CD's own command. The two controllers are started by us, because
// their own commands serve metrics and profiles on every interface of the machine.
package main

import (
	"fmt"
	"os"
	"path/filepath"

	askpass "github.com/argoproj/argo-cd/v3/cmd/argocd-git-ask-pass/commands"
	reposerver "github.com/argoproj/argo-cd/v3/cmd/argocd-repo-server/commands"
	"github.com/argoproj/argo-cd/v3/util/log"
	"github.com/spf13/cobra"
	"k8s.io/klog/v2"
)

// programs by the name that this file is called by.
var programs = map[string]func() *cobra.Command{
	"argocd-application-controller": newController,
	"argocd-repo-server":            reposerver.NewCommand,
	"argocd-notifications":          newNotifications,
	"argocd-git-ask-pass":           askpass.NewCommand,
}

// calledAs is the program's name. Git calls `argocd`, and the repo server tells which
// of Argo CD's programs that is to be.
func calledAs() string {
	if name := os.Getenv("ARGOCD_BINARY_NAME"); name != "" {
		return name
	}
	return filepath.Base(os.Args[0])
}

func main() {
	name := calledAs()
	program, known := programs[name]
	if !known {
		fmt.Fprintf(os.Stderr, "call this file argocd-application-controller, argocd-repo-server or argocd-notifications, by a symbolic link; not %s\n", name)
		os.Exit(2)
	}
	// What the Kubernetes libraries say goes to the same log, as in Argo CD's own main package.
	klog.SetLogger(log.NewLogrusLogger(log.NewWithCurrentConfig()))
	if program().Execute() != nil {
		os.Exit(1) // cobra has said why
	}
}
