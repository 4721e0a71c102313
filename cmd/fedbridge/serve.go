package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/fedbridge/fedbridge/config"
)

// Bounds of the HTTP servers (threats W18, W19).
const (
	readHeaderTimeout = 5 * time.Second
	readTimeout       = 30 * time.Second
	writeTimeout      = 60 * time.Second
	idleTimeout       = 2 * time.Minute
	maxHeaderBytes    = 32 << 10
	// stopTimeout is how long requests that are under way may take after a signal.
	stopTimeout = 20 * time.Second
)

func serveCommand() *cobra.Command {
	var path string
	cmd := &cobra.Command{
		Use:   "serve --config FILE",
		Short: "Serve",
		Long: `serve checks the configuration, runs its tests, and serves. It starts without identity providers or STS and says in
/readyz what is missing. SIGHUP opens audit files anew and reads the TLS certificate again; SIGINT and SIGTERM let
requests finish, then end it.`,
		Args: usageArgs(cobra.MaximumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			path, err := configPath(path, args)
			if err != nil {
				return err
			}
			file, err := load(cmd.ErrOrStderr(), path)
			if err != nil {
				return err
			}
			if failures := runTests(file); len(failures) > 0 {
				printFailures(cmd.ErrOrStderr(), failures)
				fmt.Fprintf(cmd.ErrOrStderr(), "%s: its own tests fail. Nothing was started.\n", path)
				return exitError{exitFault}
			}
			log := newLog(cmd.ErrOrStderr(), file.Server.Log)
			return serve(cmd.Context(), file, config.Outside{Stdout: cmd.OutOrStdout(), Log: log}, nil)
		},
	}
	configFlag(cmd, &path)
	return cmd
}

func newLog(w io.Writer, form string) *slog.Logger {
	if form == "text" {
		return slog.New(slog.NewTextHandler(w, nil))
	}
	return slog.New(slog.NewJSONHandler(w, nil))
}

// serve runs a checked configuration until ctx ends. ready, when it isn't nil, is called once the listeners are open.
func serve(ctx context.Context, file *config.File, out config.Outside, ready func(public, ops net.Addr)) error {
	world, err := file.Open(ctx, out)
	if err != nil {
		return err
	}
	defer world.Close()
	app, err := newApp(ctx, world, out.Log)
	if err != nil {
		return err
	}
	var cert *certificate
	if file.Server.TLS != nil {
		if cert, err = openCertificate(*file.Server.TLS); err != nil {
			return err
		}
	}
	public, err := listen(file.Server.Listen, app.public, cert, out.Log)
	if err != nil {
		return fmt.Errorf("server.listen: %w", err)
	}
	servers := []*listener{public}
	var opsAddress net.Addr
	if file.Server.OpsListen != "" {
		ops, err := listen(file.Server.OpsListen, app.ops, nil, out.Log)
		if err != nil {
			public.Close()
			return fmt.Errorf("server.ops_listen: %w", err)
		}
		servers, opsAddress = append(servers, ops), ops.Addr()
	}

	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var background sync.WaitGroup
	defer background.Wait()
	defer cancel()
	app.runBackground(ctx, &background)
	background.Go(func() { onHangup(ctx, world, cert, out.Log) })

	out.Log.Info("serving", "url", file.Server.URL, "listen", public.Addr().String(), "version", version())
	if ready != nil {
		ready(public.Addr(), opsAddress)
	}
	notify("READY=1")
	return runServers(ctx, servers, out.Log)
}

// listener is one HTTP server and the socket that it serves.
type listener struct {
	net.Listener
	server *http.Server
	tls    bool
}

func listen(address string, handler http.Handler, cert *certificate, log *slog.Logger) (*listener, error) {
	socket, err := net.Listen("tcp", address)
	if err != nil {
		return nil, err
	}
	server := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: readHeaderTimeout, ReadTimeout: readTimeout, WriteTimeout: writeTimeout, IdleTimeout: idleTimeout,
		MaxHeaderBytes: maxHeaderBytes,
		ErrorLog:       slog.NewLogLogger(log.Handler(), slog.LevelDebug), // what clients do wrong below HTTP
	}
	if cert != nil {
		server.TLSConfig = cert.config()
	}
	return &listener{socket, server, cert != nil}, nil
}

// runServers serves until ctx ends or a server fails; then it lets requests finish.
func runServers(ctx context.Context, servers []*listener, log *slog.Logger) error {
	failed := make(chan error, len(servers))
	for _, s := range servers {
		go func() {
			if s.tls {
				failed <- s.server.ServeTLS(s.Listener, "", "")
				return
			}
			failed <- s.server.Serve(s.Listener)
		}()
	}
	var err error
	select {
	case <-ctx.Done():
	case err = <-failed:
	}
	notify("STOPPING=1")
	log.Info("stopping")
	stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
	defer cancel()
	for _, s := range servers {
		if stopErr := s.server.Shutdown(stop); stopErr != nil {
			log.Warn("requests were cut off", "error", stopErr)
			s.server.Close()
		}
	}
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// onHangup opens audit files anew and reads the certificate again when SIGHUP comes. What fails stays as it was.
func onHangup(ctx context.Context, world *config.World, cert *certificate, log *slog.Logger) {
	hangup := make(chan os.Signal, 1)
	signal.Notify(hangup, syscall.SIGHUP)
	defer signal.Stop(hangup)
	for {
		select {
		case <-ctx.Done():
			return
		case <-hangup:
		}
		err := world.Audit.Reopen()
		if cert != nil {
			err = errors.Join(err, cert.reload())
		}
		if err != nil {
			log.Error("SIGHUP: kept what was there", "error", err)
			continue
		}
		log.Info("SIGHUP: audit files and certificate were opened anew")
	}
}
