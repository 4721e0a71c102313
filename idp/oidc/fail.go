package oidc

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"

	"golang.org/x/sync/singleflight"

	"github.com/fedbridge/fedbridge/bridge"
)

// rejected is the one answer for all that concerns signature, key, issuer, nonce and replay: an attacker learns nothing
// from it (threat W20).
func rejected(format string, args ...any) error {
	return bridge.Fail(bridge.CodeAnswerRejected, fmt.Errorf("oidc: "+format, args...))
}

func malformed(format string, args ...any) error {
	return bridge.Fail(bridge.CodeAnswerMalformed, fmt.Errorf("oidc: "+format, args...))
}

func misconfigured(format string, args ...any) error {
	return bridge.Fail(bridge.CodeProviderConfig, fmt.Errorf("oidc: "+format, args...))
}

// claimFault names the claim to the person, who must be able to have it mended.
func claimFault(name, format string, args ...any) error {
	if len(name) > 100 || !cleanText(name) {
		name = quote(name)
	}
	return bridge.FailWith(bridge.CodeClaim, name, fmt.Errorf("oidc: claim: "+format, args...))
}

// safely turns a panic over what a provider sent into an error and an alarm (rule R2). Fetches need it besides Finish: they
// run on goroutines of their own, where a panic would end the process.
func safely[T any](ctx context.Context, log *slog.Logger, fetch func() (T, error)) (result T, err error) {
	defer func() {
		if r := recover(); r != nil {
			log.LogAttrs(ctx, slog.LevelError, "panic while a provider's document was read",
				slog.Any("panic", r), slog.String("stack", string(debug.Stack())))
			err = misconfigured("panic: %v", r)
		}
	}()
	return fetch()
}

// unreachable tells a provider that doesn't answer from a client that has left. An error that has a code keeps it.
func unreachable(ctx context.Context, what string, err error) error {
	if coded, ok := errors.AsType[*bridge.Error](err); ok {
		return coded
	}
	if ctx.Err() != nil && errors.Is(ctx.Err(), context.Canceled) {
		return bridge.Fail(bridge.CodeClientGone, fmt.Errorf("oidc: %s: %w", what, err))
	}
	return bridge.Fail(bridge.CodeProviderDown, fmt.Errorf("oidc: %s: %w", what, err))
}

// shared waits for a fetch that several callers share. A caller whose own time is over isn't told what came of it.
func shared(ctx context.Context, done <-chan singleflight.Result) error {
	select {
	case result := <-done:
		if result.Err == nil || ctx.Err() == nil {
			return result.Err
		}
	case <-ctx.Done():
	}
	return ctx.Err()
}
