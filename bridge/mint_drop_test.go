package bridge_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fedbridge/fedbridge/bridge"
)

// room makes STS take sessions of at most n tags.
func (f *fakes) room(n int, refusal bridge.Code) {
	whole := f.answer
	f.answer = func(q bridge.ExchangeRequest) (bridge.Credentials, error) {
		if len(q.Tags) > n {
			return bridge.Credentials{}, bridge.Fail(refusal, nil)
		}
		return whole(q)
	}
}

func keysOf(tags []bridge.Tag) []string {
	keys := []string{}
	for _, t := range tags {
		keys = append(keys, t.Key)
	}
	return keys
}

// TestDrop: one optional tag goes, then two more, then four more, then all that are left; in the declared order.
func TestDrop(t *testing.T) {
	ten := []string{"a", "b", "c", "d", "e", "f", "g", "h", "i", "j"}
	backwards := slices.Clone(ten)
	slices.Reverse(backwards)
	cases := []struct {
		name     string
		tags     []string
		optional []string
		room     int
		dropped  []string
		tries    int
		want     bridge.Code
	}{
		{"fits", ten, backwards, 10, nil, 1, ""},
		{"one", ten, backwards, 9, backwards[:1], 2, ""},
		{"three", ten, backwards, 8, backwards[:3], 3, ""},
		{"seven", ten, backwards, 6, backwards[:7], 4, ""},
		{"all", ten, backwards, 2, backwards, 5, ""},
		{"the order is the operator's", ten, []string{"c", "a"}, 9, []string{"c"}, 2, ""},
		{"those that are left stay", ten, []string{"c", "a"}, 8, []string{"c", "a"}, 3, ""},
		{"nothing more to leave out", ten, []string{"c", "a"}, 7, []string{"c", "a"}, 3, bridge.CodeSTSPacked},
		{"none is optional", ten, nil, 5, nil, 1, bridge.CodeSTSPacked},
		{"what isn't there needs no try", ten[:3], []string{"x", "b", "y"}, 2, []string{"b"}, 2, ""},
		{"no tags at all", nil, []string{"x"}, -1, nil, 1, bridge.CodeSTSPacked},
	}
	for _, via := range []bridge.Via{bridge.ViaIssuer, bridge.ViaAssumeRole} {
		for _, c := range cases {
			t.Run(string(via)+"/"+c.name, func(t *testing.T) {
				g := minting("", c.tags...)
				g.Role.Via, g.Role.OptionalTags, g.Role.TransitiveTags = []bridge.Via{via}, c.optional, []string{"a", "j"}
				f := newFakes(g)
				f.room(c.room, bridge.CodeSTSPacked)
				got, err := newBridge(t, f).Assume(context.Background(), request("Admin"))
				wantCode(t, err, c.want)
				if len(f.asked) != c.tries {
					t.Errorf("STS was asked %d times, want %d", len(f.asked), c.tries)
				}
				outcome := f.events[1]
				if diff := cmp.Diff(c.dropped, outcome.DroppedTags); diff != "" {
					t.Errorf("audited as left out (-want +got):\n%s", diff)
				}
				if c.want == "" && !slices.Equal(got.DroppedTags, c.dropped) {
					t.Errorf("the person reads %v", got.DroppedTags)
				}
				if diff := cmp.Diff(keysOf(f.asked[len(f.asked)-1].Tags), keysOf(outcome.Tags)); diff != "" {
					t.Errorf("audited tags aren't those that were sent (-sent +audited):\n%s", diff)
				}
				if via == bridge.ViaIssuer && (len(f.minted) != c.tries || outcome.MintedID != fmt.Sprint("minted-", c.tries)) {
					t.Errorf("minted %d, audited %s", len(f.minted), outcome.MintedID)
				}
				if len(f.events[0].DroppedTags) != 0 || len(f.events[0].Tags) != len(c.tags) {
					t.Errorf("the decision is changed: %+v", f.events[0])
				}
			})
		}
	}
}

// TestDropBeforeSTS: what gets too large to be minted is made smaller in the same way; a token has a limit of its own.
func TestDropBeforeSTS(t *testing.T) {
	g := minting("", "a", "b", "c")
	g.Role.OptionalTags = []string{"c", "b"}
	f := newFakes(g)
	whole := f.mint
	f.mint = func(q bridge.MintRequest) (bridge.Proof, error) {
		if len(q.Tags) > 1 {
			return bridge.Proof{}, bridge.Fail(bridge.CodeSessionTooLarge, nil)
		}
		return whole(q)
	}
	got, err := newBridge(t, f).Assume(context.Background(), request("Admin"))
	if err != nil || !slices.Equal(got.DroppedTags, []string{"c", "b"}) || len(f.asked) != 1 || len(f.minted) != 3 {
		t.Errorf("%v, left out %v, minted %d, asked %d", err, got.DroppedTags, len(f.minted), len(f.asked))
	}
	if outcome := f.events[1]; outcome.MintedID != "minted-3" || len(outcome.Tags) != 1 {
		t.Errorf("audited %+v", outcome)
	}
}

// TestDropOnlyForSize: any other refusal is the end, and nothing is left out to get round it.
func TestDropOnlyForSize(t *testing.T) {
	for _, code := range bridge.Codes() {
		g := minting("", "a", "b")
		g.Role.OptionalTags = []string{"a", "b"}
		f := newFakes(g)
		f.room(0, code)
		_, err := newBridge(t, f).Assume(context.Background(), request("Admin"))
		if code == bridge.CodeSTSPacked || code == bridge.CodeSessionTooLarge {
			wantCode(t, err, "")
			continue
		}
		wantCode(t, err, code)
		if len(f.asked) != 1 || len(f.events[1].DroppedTags) != 0 {
			t.Errorf("%s: asked %d times, left out %v", code, len(f.asked), f.events[1].DroppedTags)
		}
	}
}

// TestDropProperties, over random roles and random room: no tag goes that isn't optional, none goes out of its turn, a
// transitive key goes with its tag, nothing is added or changed, what was minted is what STS was told, and five questions
// are the most.
func TestDropProperties(t *testing.T) {
	keys := []string{"a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l"}
	dropped := 0
	for seed := range 3000 {
		d := rand.New(rand.NewPCG(uint64(seed), 11))
		pick := func(of []string) []string {
			out := slices.Clone(of)
			d.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
			return out[:d.IntN(len(out)+1)]
		}
		has := pick(keys)
		slices.Sort(has)
		g := minting("", has...)
		g.Role.OptionalTags, g.Role.TransitiveTags = pick(has), pick(has)
		before := slices.Clone(g.Tags)
		f := newFakes(g)
		f.room(d.IntN(len(keys)), bridge.CodeSTSPacked)
		got, err := newBridge(t, f).Assume(context.Background(), request("Admin"))
		fail := func(format string, args ...any) {
			t.Fatalf("seed %d: role %v optional %v transitive %v: %s", seed, has, g.Role.OptionalTags, g.Role.TransitiveTags, fmt.Sprintf(format, args...))
		}
		if len(f.asked) > 5 {
			fail("%d questions", len(f.asked))
		}
		for i, q := range f.asked {
			gone := len(has) - len(q.Tags)
			want := g.Role.OptionalTags[:gone]
			if slices.ContainsFunc(q.Tags, func(tag bridge.Tag) bool { return slices.Contains(want, tag.Key) || !slices.Contains(before, tag) }) {
				fail("question %d has %v", i, q.Tags)
			}
			for _, key := range g.Role.TransitiveTags {
				if slices.Contains(q.Role.TransitiveTags, key) == slices.Contains(want, key) {
					fail("question %d: transitive %v without %v", i, q.Role.TransitiveTags, want)
				}
			}
			if m := f.minted[i]; !slices.Equal(m.Tags, q.Tags) || !slices.Equal(m.Role.TransitiveTags, q.Role.TransitiveTags) || m.SourceIdentity != q.SourceIdentity {
				fail("question %d has %v, minted was %v", i, q.Tags, m.Tags)
			}
		}
		if !slices.Equal(g.Tags, before) || !slices.Equal(f.grants[g.Role.Key].Role.TransitiveTags, g.Role.TransitiveTags) {
			fail("the role itself was changed")
		}
		if err == nil && !slices.Equal(got.DroppedTags, g.Role.OptionalTags[:len(got.DroppedTags)]) {
			fail("left out %v", got.DroppedTags)
		}
		dropped += len(got.DroppedTags)
	}
	if dropped < 1000 {
		t.Errorf("%d tags were left out: the dice test nothing", dropped)
	}
}
