// Command berth-control-plane is a Kubernetes control plane in one file: etcd,
// kube-apiserver, kube-controller-manager, kube-scheduler and kubectl, and a kubectl that
// asks as fast as it can.
//
// One program instead of five because they share almost all their code: it links
// once, and takes a quarter of the disk.
package main

import (
	"fmt"
	"maps"
	"os"
	"slices"
	_ "time/tzdata" // CronJobs with a timeZone, on machines without zone files

	"github.com/spf13/cobra"
	"go.etcd.io/etcd/server/v3/etcdmain"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	_ "k8s.io/client-go/plugin/pkg/client/auth" // the users a kubeconfig may name
	"k8s.io/client-go/rest"
	"k8s.io/component-base/cli"
	"k8s.io/component-base/logs"
	_ "k8s.io/component-base/logs/json/register"          // --logging-format=json
	_ "k8s.io/component-base/metrics/prometheus/clientgo" // as Kubernetes' own main packages do
	_ "k8s.io/component-base/metrics/prometheus/version"
	kubectl "k8s.io/kubectl/pkg/cmd"
	kubectlutil "k8s.io/kubectl/pkg/cmd/util"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	controllermanager "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"

	"berth.local/kubernetes/internal/multicall"
)

// programs read os.Args, and return the exit status.
var programs = map[string]func() int{
	"etcd":                    runEtcd,
	"kube-apiserver":          func() int { return cli.Run(apiserver.NewAPIServerCommand()) },
	"kube-controller-manager": func() int { return cli.Run(controllermanager.NewControllerManagerCommand()) },
	"kube-scheduler":          func() int { return cli.Run(scheduler.NewSchedulerCommand()) },
	"kubectl":                 func() int { return runKubectl(kubectl.NewDefaultKubectlCommand) },
	"unlimited-kubectl":       func() int { return runKubectl(unlimitedKubectl) },
}

func main() {
	name, args, err := multicall.Choose(os.Args, slices.Sorted(maps.Keys(programs)))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	os.Args = args
	os.Exit(programs[name]())
}

func runEtcd() int {
	etcdmain.Main(os.Args) // exits by itself on failure
	return 0
}

func runKubectl(command func() *cobra.Command) int {
	// kubectl wants its log level before it builds its commands; an unreadable one is
	// reported again, properly, when it parses its flags.
	_, _ = logs.GlogSetter(kubectl.GetLogVerbosity(os.Args))
	if err := cli.RunNoErrOutput(command()); err != nil {
		kubectlutil.CheckErr(err) // prints the way kubectl does, and exits
	}
	return 0
}

// unlimitedKubectl is kubectl without its limit of five requests a second. An ApplySet
// asks for each kind in each namespace what there is to prune, so that under the limit a
// deploy of sixty objects takes ten seconds, nine of them waiting. API servers have limits
// of their own.
func unlimitedKubectl() *cobra.Command {
	streams := genericiooptions.IOStreams{In: os.Stdin, Out: os.Stdout, ErrOut: os.Stderr}
	flags := genericclioptions.NewConfigFlags(true).WithWarningPrinter(streams)
	flags.WithDiscoveryQPS(-1).WithWrapConfigFn(func(config *rest.Config) *rest.Config {
		config.QPS = -1
		return config
	})
	return kubectl.NewDefaultKubectlCommandWithArgs(kubectl.KubectlOptions{
		Arguments:   os.Args,
		ConfigFlags: flags,
		IOStreams:   streams,
	})
}
