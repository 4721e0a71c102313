package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/fedbridge/fedbridge/config"
)

// onlineTimeout bounds how long `check --online` waits for all that it asks.
const onlineTimeout = 30 * time.Second

// checkOnline opens everything and asks each part whether it could serve, all at once. It reports all, not the first, and
// leaves no file behind: one that belongs to whoever checks could keep serve from writing it.
func checkOnline(ctx context.Context, out io.Writer, file *config.File) error {
	tried, named, remove := trial(file)
	defer remove()
	ctx, cancel := context.WithTimeout(ctx, onlineTimeout)
	defer cancel()
	asked := ownParts(file)
	world, err := tried.Open(ctx, config.Outside{Stdout: io.Discard, ReadOnly: true})
	if err == nil {
		defer world.Close()
		asked = append(world.Parts(), asked...)
	}
	failed := askAll(ctx, out, asked, named)
	for _, e := range parts(err) {
		failed++
		fmt.Fprintf(out, "FAIL  %s\n", named(e))
	}
	switch {
	case err != nil:
		fmt.Fprintf(out, "%s. Nobody was asked what depends on them.\n", count(failed, "fault"))
	case failed > 0:
		fmt.Fprintf(out, "%s of %d not ready.\n", count(failed, "part"), len(asked))
	default:
		return nil
	}
	return exitError{exitUnavailable}
}

// askAll prints the answers in the order of the parts, and counts those that aren't ready. What can't be there before
// fedbridge has served for the first time is no fault.
func askAll(ctx context.Context, out io.Writer, asked []config.Part, named func(error) string) (failed int) {
	answers := make([]error, len(asked))
	var wait sync.WaitGroup
	for i, part := range asked {
		wait.Go(func() { answers[i] = part.Ask(ctx) })
	}
	wait.Wait()
	for i, part := range asked {
		if errors.Is(answers[i], config.ErrNotYet) {
			fmt.Fprintf(out, "later %s: %s\n", part.Name, named(answers[i]))
			continue
		}
		if answers[i] != nil {
			failed++
			fmt.Fprintf(out, "FAIL  %s: %s\n", part.Name, named(answers[i]))
			continue
		}
		fmt.Fprintf(out, "ok    %s\n", part.Name)
	}
	return failed
}

// ownParts are what serve opens itself.
func ownParts(file *config.File) []config.Part {
	if file.Server.TLS == nil {
		return nil
	}
	return []config.Part{{Name: "certificate", Ask: func(context.Context) error {
		cert, err := openCertificate(*file.Server.TLS)
		if err != nil {
			return err
		}
		return cert.unfit(file.Server.Host(), time.Now())
	}}}
}

// trial is the configuration with other names for the files that aren't there yet, beside where they will be: what is made
// to see whether it can be made must not be what a serve that starts at this moment has begun to use. remove takes them
// away, and named gives an error the names that were configured.
func trial(file *config.File) (tried *config.File, named func(error) string, remove func()) {
	suffix := ".check-" + rand.Text()
	var made []string
	other := func(spec string) string {
		_, path, _ := strings.Cut(spec, ":")
		if _, err := os.Lstat(path); path == "" || !os.IsNotExist(err) {
			return spec
		}
		made = append(made, path+suffix)
		return spec + suffix
	}
	copied := *file
	copied.Store, copied.Audit = other(file.Store), slices.Clone(file.Audit)
	for i, spec := range copied.Audit {
		copied.Audit[i] = other(spec)
	}
	named = func(err error) string { return strings.ReplaceAll(err.Error(), suffix, "") }
	return &copied, named, func() {
		for _, path := range made {
			os.Remove(path)
		}
	}
}
