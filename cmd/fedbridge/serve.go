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
		Short: "Run fedbridge with a configuration",
		Long: `serve checks the configuration, runs its tests, and serves. It starts without identity providers or STS and says in
/readyz what is missing. SIGHUP opens audit files anew and reads the TLS certificate again; the configuration itself is
read at the start only. SIGINT and SIGTERM let requests finish, then end it; a second one ends it at once.`,
		Example: "  fedbridge serve --config /etc/fedbridge/fedbridge.yaml",
		Args:    usageArgs(cobra.MaximumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			path, err := configPath(path, args)
			if err != nil {
				return err
			}
			file, err := loadTested(cmd.ErrOrStderr(), path)
			if err != nil {
				fmt.Fprintln(cmd.ErrOrStderr(), "Nothing was started.")
				return err
			}
			log := newLog(cmd.ErrOrStderr(), file.Server.Log)
			return serve(cmd.Context(), file, config.Outside{Stdout: cmd.OutOrStdout(), Log: log}, nil)
		},
	}
	configFlag(cmd, &path)
	return cmd
}

// loadTested loads a configuration that passes its own tests.
func loadTested(stderr io.Writer, path string) (*config.File, error) {
	file, err := load(stderr, path)
	if err != nil {
		return nil, err
	}
	if failures := runTests(file); len(failures) > 0 {
		printFailures(stderr, failures)
		return nil, exitError{exitFault}
	}
	return file, nil
}

func newLog(w io.Writer, form string) *slog.Logger {
	if form == "text" {
		return slog.New(slog.NewTextHandler(w, nil))
	}
	return slog.New(slog.NewJSONHandler(w, nil))
}

// serve runs a checked configuration until ctx ends. ready, when it isn't nil, is called once everything is open, and may
// still refuse. What can be refused without leaving a trace comes first: a second fedbridge by mistake finds the ports taken, and touches nothing.
func serve(ctx context.Context, file *config.File, out config.Outside, ready func(world *config.World, public, ops net.Addr) error) error {
	var cert *certificate
	if file.Server.TLS != nil {
		var err error
		if cert, err = openCertificate(*file.Server.TLS); err != nil {
			return err
		}
		if err := cert.unfit(file.Server.Host(), time.Now()); err != nil {
			out.Log.Warn("browsers will refuse this certificate", "error", err)
		}
	}
	sockets, err := listen(file.Server)
	if err != nil {
		return err
	}
	defer sockets.close()
	world, err := file.Open(ctx, out)
	if err != nil {
		return err
	}
	defer world.Close()
	app, err := newApp(ctx, world, out.Log)
	if err != nil {
		return err
	}

	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var background sync.WaitGroup
	defer background.Wait()
	defer cancel()
	app.runBackground(ctx, &background)
	hangup := make(chan os.Signal, 1)
	signal.Notify(hangup, syscall.SIGHUP) // before anybody is told that it may be sent
	defer signal.Stop(hangup)
	background.Go(func() { onHangup(ctx, hangup, world, cert, out.Log) })

	servers := []*listener{newListener(sockets.public, app.public, cert, out.Log)}
	listening := []any{"url", file.Server.URL, "listen", sockets.public.Addr().String(), "version", version()}
	var opsAddress net.Addr
	if sockets.ops != nil {
		servers = append(servers, newListener(sockets.ops, app.ops, nil, out.Log))
		opsAddress = sockets.ops.Addr()
		listening = append(listening, "ops_listen", opsAddress.String())
	}
	out.Log.Info("serving", listening...)
	if ready != nil {
		if err := ready(world, sockets.public.Addr(), opsAddress); err != nil {
			return err
		}
	}
	notify("READY=1")
	return runServers(ctx, servers, out.Log)
}

// sockets are the open ports; ops is nil where none is configured.
type sockets struct{ public, ops net.Listener }

func listen(s config.Server) (*sockets, error) {
	open := &sockets{}
	var err error
	if open.public, err = net.Listen("tcp", s.Listen); err != nil {
		return nil, fmt.Errorf("server.listen: %w", err)
	}
	if s.OpsListen == "" {
		return open, nil
	}
	if open.ops, err = net.Listen("tcp", s.OpsListen); err != nil {
		open.close()
		return nil, fmt.Errorf("server.ops_listen: %w", err)
	}
	return open, nil
}

func (s *sockets) close() {
	s.public.Close()
	if s.ops != nil {
		s.ops.Close()
	}
}

// listener is one HTTP server and the socket that it serves.
type listener struct {
	net.Listener
	server *http.Server
}

func newListener(socket net.Listener, handler http.Handler, cert *certificate, log *slog.Logger) *listener {
	server := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: readHeaderTimeout, ReadTimeout: readTimeout, WriteTimeout: writeTimeout, IdleTimeout: idleTimeout,
		MaxHeaderBytes: maxHeaderBytes,
		ErrorLog:       slog.NewLogLogger(log.Handler(), slog.LevelDebug), // what clients do wrong below HTTP
	}
	if cert != nil {
		server.TLSConfig = cert.config()
	}
	return &listener{socket, server}
}

func (l *listener) serve() error {
	if l.server.TLSConfig != nil {
		return l.server.ServeTLS(l.Listener, "", "")
	}
	return l.server.Serve(l.Listener)
}

// runServers serves until ctx ends or a server fails; then it lets requests finish.
func runServers(ctx context.Context, servers []*listener, log *slog.Logger) error {
	failed := make(chan error, len(servers))
	for _, s := range servers {
		go func() { failed <- s.serve() }()
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

// onHangup opens audit files anew and reads the certificate again when SIGHUP comes. What fails stays as it was. The
// configuration is read at the start only: no half of a new one is ever in use.
func onHangup(ctx context.Context, hangup <-chan os.Signal, world *config.World, cert *certificate, log *slog.Logger) {
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
			log.Error("SIGHUP: what can't be opened anew stays as it was", "error", err)
			continue
		}
		log.Info("SIGHUP: audit files and certificate were opened anew")
	}
}
