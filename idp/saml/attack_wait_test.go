package saml_test

import (
	"context"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/idp"
	"github.com/fedbridge/fedbridge/idp/idptest"
)

// holder is a replay guard that holds everybody until it is told to let go.
type holder struct {
	entered chan struct{}
	release chan struct{}
	next    idp.ReplayGuard
}

func (h *holder) UseOnce(ctx context.Context, issuer, id string, until time.Time) error {
	h.entered <- struct{}{}
	<-h.release
	return h.next.UseOnce(ctx, issuer, id, until)
}

// TestAttackFullHouse: who finds every slot taken isn't let in by that, and reads which of two things happened. Those who
// came before are served.
func TestAttackFullHouse(t *testing.T) {
	w := newWorld(t, setup{})
	h := &holder{entered: make(chan struct{}), release: make(chan struct{}), next: w.replay}
	w.deps.Replay = h
	w.open()
	slots := max(4, 2*runtime.GOMAXPROCS(0))
	var wait sync.WaitGroup
	for range slots {
		login := w.login()
		document := w.mint(login, idptest.Hooks{})
		wait.Go(func() {
			if _, _, err := w.finish(document, login); err != nil {
				t.Errorf("one of the first: %v", err)
			}
		})
		<-h.entered
	}
	left, leave := context.WithCancel(t.Context())
	leave()
	late, end := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer end()
	for ctx, code := range map[context.Context]bridge.Code{left: bridge.CodeClientGone, late: bridge.CodeRateLimited} {
		login := w.login()
		id, proof, err := w.p.Finish(ctx, login, posted(w.mint(login, idptest.Hooks{}), login))
		w.checkRefused(code, id, proof, err)
	}
	close(h.release)
	wait.Wait()
}

// TestAttackWaitForMetadata: the same while the metadata is on its way; the fetch goes on for the others.
func TestAttackWaitForMetadata(t *testing.T) {
	w, remote := remoteWorld(t)
	remote.gate = make(chan struct{})
	left, leave := context.WithCancel(t.Context())
	leave()
	late, end := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer end()
	for ctx, code := range map[context.Context]bridge.Code{left: bridge.CodeClientGone, late: bridge.CodeProviderDown} {
		if _, err := w.p.Begin(ctx, w.login()); bridge.CodeOf(err) != code {
			t.Errorf("begin: %v, want %s", err, code)
		}
		login := w.login()
		id, proof, err := w.p.Finish(ctx, login, posted(w.mint(login, idptest.Hooks{}), login))
		w.checkRefused(code, id, proof, err)
	}
	close(remote.gate)
	login := w.login()
	w.accept(w.mint(login, idptest.Hooks{}), login)
	if n := remote.asked.Load(); n != 1 {
		t.Errorf("asked %d times", n)
	}
}
