package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os/signal"
	"syscall"
	"time"

	cmdutil "github.com/argoproj/argo-cd/v3/cmd/util"
	"github.com/argoproj/argo-cd/v3/common"
	notifications "github.com/argoproj/argo-cd/v3/notification_controller/controller"
	reposerver "github.com/argoproj/argo-cd/v3/reposerver/apiclient"
	"github.com/argoproj/argo-cd/v3/util/cli"
	service "github.com/argoproj/argo-cd/v3/util/notification/argocd"
	engine "github.com/argoproj/notifications-engine/pkg/controller"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/spf13/cobra"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
)

// What the command of Argo CD has as its defaults. The names are those that Berth writes to.
const (
	notificationProcessors  = 1
	notificationRepoTimeout = 5 // seconds
	notificationSettings    = "argocd-notifications-cm"
	notificationSecret      = "argocd-notifications-secret"
)

// notificationsFlags are those of Argo CD's own command, as far as the fleet sets them, and
// metrics-address, which that command has not.
type notificationsFlags struct {
	metricsAddress string
	repoServer     string
	config         clientcmd.ClientConfig
}

func newNotifications() *cobra.Command {
	var flags notificationsFlags
	command := &cobra.Command{
		Use:          "argocd-notifications",
		SilenceUsage: true,
		RunE: func(command *cobra.Command, _ []string) error {
			ctx, stop := signal.NotifyContext(command.Context(), syscall.SIGINT, syscall.SIGTERM)
			defer stop()
			if err := runNotifications(ctx, flags); err != nil {
				return fmt.Errorf("running the notifications controller: %w", err)
			}
			return nil
		},
	}
	flags.config = cli.AddKubectlFlagsToCmd(command)
	set := command.Flags()
	set.StringVar(&cmdutil.LogLevel, "loglevel", "info", "one of debug, info, warn, error")
	set.StringVar(&flags.metricsAddress, "metrics-address", "127.0.0.1:9001", "where to serve /metrics")
	set.StringVar(&flags.repoServer, "argocd-repo-server", common.DefaultRepoServerAddr, "address of the repo server")
	return command
}

// runNotifications runs until ctx is done. Settings in the namespaces of Applications, and Applications outside of
// Argo CD's own namespace, are off, as they are by default.
func runNotifications(ctx context.Context, flags notificationsFlags) error {
	cli.SetLogFormat("json")
	cli.SetLogLevel(cmdutil.LogLevel)
	namespace, _, err := flags.config.Namespace()
	if err != nil {
		return err
	}
	config, err := flags.config.ClientConfig()
	if err != nil {
		return err
	}
	config.UserAgent = "argocd-notifications-controller"
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	objects, err := dynamic.NewForConfig(config)
	if err != nil {
		return err
	}
	repo := reposerver.NewRepoServerClientset(flags.repoServer, notificationRepoTimeout, reposerver.TLSConfiguration{})
	argocd, err := service.NewArgoCDService(client, namespace, repo)
	if err != nil {
		return err
	}
	defer argocd.Close()
	registry := engine.NewMetricsRegistry("argocd")
	app := notifications.NewController(
		client, objects, argocd, namespace, nil, "", registry, notificationSecret, notificationSettings, false,
	)
	failed := make(chan error, 1)
	// Before the first look at the cluster, so that whoever waits for it sees it alive.
	go func() { failed <- serveMetrics(ctx, flags.metricsAddress, registry) }()
	if err = app.Init(ctx); err != nil && ctx.Err() == nil {
		return err
	}
	go app.Run(ctx, notificationProcessors)
	select {
	case <-ctx.Done():
		return nil
	case err = <-failed:
		return err
	}
}

// serveMetrics is the reason for this file: Argo CD's own command serves metrics on 0.0.0.0.
func serveMetrics(ctx context.Context, address string, registry prometheus.Gatherer) error {
	mux := http.NewServeMux()
	mux.Handle("/metrics", promhttp.HandlerFor(prometheus.Gatherers{registry, prometheus.DefaultGatherer}, promhttp.HandlerOpts{}))
	server := &http.Server{Addr: address, Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	go func() {
		<-ctx.Done()
		_ = server.Close()
	}()
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
