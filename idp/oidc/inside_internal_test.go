package oidc

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"
)

// TestDuplicates: at any depth, early or late in a long object, in any spelling of the name.
func TestDuplicates(t *testing.T) {
	var long strings.Builder
	for i := range 40 {
		fmt.Fprintf(&long, `"m%d":%d,`, i, i)
	}
	for _, text := range []string{
		`{"a":1,"a":1}`, `{"a":1,"\u0061":1}`, `{"x":{"a":1,"a":1}}`, `{"x":[{"a":1,"a":1}]}`,
		`{` + long.String() + `"m0":1}`, `{` + long.String() + `"m39":1}`, `{` + long.String() + `"new":1,"new":1}`,
		`{"x":{` + long.String() + `"m30":1}}`,
	} {
		_, err := decodeObject(text)
		if _, ok := errors.AsType[*duplicateError](err); !ok {
			t.Errorf("%.60s: %v", text, err)
		}
	}
	if _, err := decodeObject(`{` + long.String() + `"x":{"m0":1},"y":{"m0":1}}`); err != nil {
		t.Errorf("one name in several objects: %v", err)
	}
}

// TestReloadOfAnOldRing: who saw keys that somebody has replaced since fetches nothing.
func TestReloadOfAnOldRing(t *testing.T) {
	fetches := 0
	s := &keySet{
		fetch: func(context.Context) ([]*key, error) { fetches++; return []*key{{kid: fmt.Sprint(fetches)}}, nil },
		adopt: func(context.Context, []*key, []*key) error { return nil },
		now:   time.Now, log: slog.New(slog.DiscardHandler),
	}
	if err := s.reload(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	if err := s.reload(t.Context(), nil); err != nil || fetches != 1 {
		t.Errorf("%v, %d fetches", err, fetches)
	}
	if err := s.reload(t.Context(), s.latest()); err != nil || fetches != 2 {
		t.Errorf("who saw the latest keys: %v, %d fetches", err, fetches)
	}
	if err := s.reload(t.Context(), s.latest()); !errors.Is(err, errHeldBack) || fetches != 2 {
		t.Errorf("the third within the window: %v, %d fetches", err, fetches)
	}
}
