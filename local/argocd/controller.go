package main

import (
	"context"
	"fmt"
	"os/signal"
	"syscall"
	"time"

	cmdutil "github.com/argoproj/argo-cd/v3/cmd/util"
	commitserver "github.com/argoproj/argo-cd/v3/commitserver/apiclient"
	"github.com/argoproj/argo-cd/v3/common"
	"github.com/argoproj/argo-cd/v3/controller"
	"github.com/argoproj/argo-cd/v3/controller/sharding"
	"github.com/argoproj/argo-cd/v3/pkg/apis/application/v1alpha1"
	appclient "github.com/argoproj/argo-cd/v3/pkg/client/clientset/versioned"
	reposerver "github.com/argoproj/argo-cd/v3/reposerver/apiclient"
	"github.com/argoproj/argo-cd/v3/util/argo"
	"github.com/argoproj/argo-cd/v3/util/argo/normalizers"
	"github.com/argoproj/argo-cd/v3/util/cache"
	"github.com/argoproj/argo-cd/v3/util/cache/appstate"
	"github.com/argoproj/argo-cd/v3/util/cli"
	"github.com/argoproj/argo-cd/v3/util/kube"
	"github.com/argoproj/argo-cd/v3/util/settings"
	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
)

// What the command of Argo CD has as its defaults, for what the fleet leaves as it is.
const (
	repoServerTimeout      = 60 // seconds
	statusProcessors       = 20
	operationProcessors    = 10
	kubectlParallelism     = 20
	selfHealBackoff        = 2 * time.Second
	selfHealBackoffFactor  = 3
	selfHealCooldownFactor = 1.1 // of the longest pause: 330 s of 300 s
)

// controllerFlags are those of Argo CD's own command, as far as the fleet sets them, and
// metrics-address, which that command has not.
type controllerFlags struct {
	metricsAddress string
	repoServer     string
	resync         time.Duration
	resyncJitter   time.Duration
	repoErrorGrace time.Duration
	selfHealCap    time.Duration
	syncTimeout    time.Duration
	config         clientcmd.ClientConfig
	cache          func() (*appstate.Cache, error)
}

func newController() *cobra.Command {
	var flags controllerFlags
	command := &cobra.Command{
		Use:          common.ApplicationController,
		SilenceUsage: true,
		RunE: func(command *cobra.Command, _ []string) error {
			ctx, stop := signal.NotifyContext(command.Context(), syscall.SIGINT, syscall.SIGTERM)
			defer stop()
			return runController(ctx, flags)
		},
	}
	flags.config = cli.AddKubectlFlagsToCmd(command)
	flags.cache = appstate.AddCacheFlagsToCmd(command)
	set := command.Flags()
	set.StringVar(&cmdutil.LogLevel, "loglevel", "info", "one of debug, info, warn, error")
	set.StringVar(&flags.metricsAddress, "metrics-address", "127.0.0.1:8082", "where to serve metrics and /healthz")
	set.StringVar(&flags.repoServer, "repo-server", common.DefaultRepoServerAddr, "address of the repo server")
	set.DurationVar(&flags.resync, "app-resync", 2*time.Minute, "how often to compare an application with Git")
	set.DurationVar(&flags.resyncJitter, "app-resync-jitter", time.Minute, "what is added to app-resync at most")
	set.DurationVar(&flags.repoErrorGrace, "repo-error-grace-period", 3*time.Minute, "how long errors of the repo server are passed over")
	set.DurationVar(&flags.selfHealCap, "self-heal-backoff-cap", 5*time.Minute, "the longest pause between two heals of an application")
	set.DurationVar(&flags.syncTimeout, "sync-timeout", 0, "how long a sync may take; 0: for ever")
	return command
}

func runController(ctx context.Context, flags controllerFlags) error {
	cli.SetLogFormat("json")
	cli.SetLogLevel(cmdutil.LogLevel)
	app, err := buildController(ctx, flags)
	if err != nil {
		return fmt.Errorf("starting the application controller: %w", err)
	}
	// The reason for this file: the controller asks for 0.0.0.0, and has not begun to listen.
	app.GetMetricsServer().Addr = flags.metricsAddress
	go app.Run(ctx, statusProcessors, operationProcessors)
	<-ctx.Done()
	return nil
}

func buildController(ctx context.Context, flags controllerFlags) (app *controller.ApplicationController, err error) {
	namespace, _, err := flags.config.Namespace()
	if err != nil {
		return nil, err
	}
	config, err := flags.config.ClientConfig()
	if err != nil {
		return nil, err
	}
	if err = v1alpha1.SetK8SConfigDefaults(config); err != nil {
		return nil, err
	}
	config.UserAgent = common.DefaultApplicationControllerName
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	apps, err := appclient.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	state, err := flags.cache()
	if err != nil {
		return nil, err
	}
	state.Cache.SetClient(cache.NewTwoLevelClient(state.Cache.GetClient(), 10*time.Minute))
	manager := settings.NewSettingsManager(ctx, client, namespace, settings.WithRepoOrClusterChangedHandler(func() {
		app.InvalidateProjectsCache()
	}))
	shards, err := sharding.GetClusterSharding(client, manager, common.DefaultShardingAlgorithm, false)
	if err != nil {
		return nil, err
	}
	return controller.NewApplicationController(
		namespace,
		manager,
		client,
		apps,
		reposerver.NewRepoServerClientset(flags.repoServer, repoServerTimeout, reposerver.TLSConfiguration{}),
		commitserver.NewCommitServerClientset(common.DefaultCommitServerAddr), // never called: the hydrator is off
		state,
		kube.NewKubectl(),
		flags.resync,
		0, // no hard resync
		flags.resyncJitter,
		0, // heal at once, then back off
		&wait.Backoff{Duration: selfHealBackoff, Factor: selfHealBackoffFactor, Cap: flags.selfHealCap},
		time.Duration(selfHealCooldownFactor*float64(flags.selfHealCap)),
		flags.syncTimeout,
		flags.repoErrorGrace,
		0, // the metrics port: set as an address afterwards
		0, // metrics do not expire
		nil,
		nil,
		nil,
		kubectlParallelism,
		false, // health of each object is not kept in the Application
		shards,
		nil, // Applications in Argo CD's own namespace only
		nil, // the default limits of the work queues
		false,
		false,
		normalizers.IgnoreNormalizerOpts{},
		argo.DefaultEnableEventList(),
		false, // no hydrator
	)
}
