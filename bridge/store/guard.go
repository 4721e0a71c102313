package store

import (
	"context"
	"errors"
	"time"

	"github.com/fedbridge/fedbridge/bridge"
)

// Guard is a ReplayStore as identity providers know it: it answers in codes of the catalogue.
type Guard struct{ Store ReplayStore }

// UseOnce fails with CodeAnswerRejected when the id was used, and with CodeStoreDown when the store can't tell: an
// answer that can't be remembered must not be taken (threat P11).
func (g Guard) UseOnce(ctx context.Context, issuer, id string, until time.Time) error {
	err := g.Store.UseOnce(ctx, issuer, id, until)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, ErrUsed):
		return bridge.Fail(bridge.CodeAnswerRejected, err)
	case errors.Is(ctx.Err(), context.Canceled): // the person left, and the store is as well as before
		return bridge.Fail(bridge.CodeClientGone, err)
	}
	return bridge.Fail(bridge.CodeStoreDown, err)
}
