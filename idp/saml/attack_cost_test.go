package saml_test

import (
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/beevik/etree"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/idp"
	"github.com/fedbridge/fedbridge/idp/idptest"
)

// greedy are documents that want to cost more than they are worth (threats S7, S27).
func greedy(t testing.TB, good string) map[string]string {
	t.Helper()
	const limit = 256 << 10
	fill := func(before, repeat, after string) string {
		return before + strings.Repeat(repeat, (limit-len(before)-len(after))/len(repeat)) + after
	}
	inStatus := func(text string) string { return strings.Replace(good, "<samlp:Status>", text+"<samlp:Status>", 1) }
	room := limit - len(good) - 100
	declarations := ""
	for i := range 60 {
		declarations += fmt.Sprintf(` xmlns:n%d="urn:%d"`, i%31, i)
	}
	return map[string]string{
		"wide":          inStatus(strings.Repeat("<a/>", room/4)),
		"wide, named":   inStatus(strings.Repeat(`<a b="c"/>`, room/10)),
		"deep":          inStatus(strings.Repeat("<a>", room/3)),
		"deep and wide": fill("", strings.Repeat("<a>", 31)+strings.Repeat("</a>", 31), ""),
		"attributes":    fill("<a", ` b="c"`, "/>"),
		"names":         fill("<", "a", "/>"),
		"one value":     fill(`<a b="`, "x", `"/>`),
		"references":    fill("<a>", "&#120;", "</a>"),
		"entities":      fill("<a>", "&amp;", "</a>"),
		"ampersands":    fill("<a>", "&", "</a>"),
		"less-thans":    fill("", "<", ""),
		"comments":      fill("<a>", "<!-- -->", "</a>"),
		"CDATA":         fill("<AttributeValue>", "<![CDATA[]]>", "</AttributeValue>"),
		"line ends":     fill("<a>", "\r\n", "</a>"),
		"spaces":        fill("<a ", " ", "/>"),
		"namespaces":    fill("<a"+declarations+">", "<b"+declarations+"/>", "</a>"),
		"IDs":           fill(`<a>`, `<b ID="x"/>`, "</a>"),
		"doctype":       fill(`<!DOCTYPE a [`, `<!ENTITY a "aaaaaaaaaaaaaaaaaaaaaaaa">`, "]>"),
		"signatures":    inStatus(strings.Repeat(`<Signature xmlns="http://www.w3.org/2000/09/xmldsig#"/>`, 2000)),
		"nearly XML":    fill("<a>", "x", "</b>"),
		"nothing":       strings.Repeat("\x00", limit),
		"too long":      strings.Repeat("x", 2*limit),
	}
}

// TestAttackCost: refusing is never dearer than accepting. What each greedy document makes us allocate is less than what a
// person with as many groups as fit into an answer costs (speed A3).
func TestAttackCost(t *testing.T) {
	w := signedWorld(t, idptest.SignAssertion)
	login := w.login()
	good := w.mint(login, idptest.Hooks{})
	large := w.mint(login, before(func(doc *etree.Document) {
		groups := find(t, doc, "//Attribute[@Name='memberOf']")
		for range 3500 {
			groups.CreateElement("saml:AttributeValue").SetText("g")
		}
	}))
	accepting := cost(w, large, login)
	spoilt := replaced(t, large, "alice-0001", "alice-0002")
	attacks := greedy(t, string(good))
	attacks["a large answer, spoilt"] = string(spoilt)
	for name, document := range attacks {
		w.refuse(bridge.CodeOf(func() error { _, _, err := w.finish([]byte(document), login); return err }()), []byte(document), login)
		if refusing := cost(w, []byte(document), login); refusing > accepting {
			t.Errorf("%s costs %d KB, a large good answer %d KB", name, refusing>>10, accepting>>10)
		}
	}
}

// TestAttackInParallel: a hundred greedy documents at once leave no goroutine behind and little memory, and people sign in
// all the while (threats S25, S27).
func TestAttackInParallel(t *testing.T) {
	w := signedWorld(t, idptest.SignAssertion)
	login := w.login()
	good := w.mint(login, idptest.Hooks{})
	attacks := greedy(t, string(good))
	heap := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	beforeRoutines, beforeHeap := runtime.NumGoroutine(), heap()
	answers := map[string]idp.Answer{}
	for name, document := range attacks {
		answers[name] = posted([]byte(document), login)
	}
	var wait sync.WaitGroup
	for name, answer := range answers {
		for range 5 {
			wait.Go(func() {
				if id, _, err := w.p.Finish(t.Context(), login, answer); err == nil || id.Subject != "" {
					t.Errorf("%s: accepted", name)
				}
			})
		}
	}
	wait.Go(func() {
		if _, _, err := w.finish(good, login); err != nil {
			t.Errorf("a person meanwhile: %v", err)
		}
	})
	wait.Wait()
	clear(answers)
	// Goroutines of the runtime's own come and go: those of the attack must be gone in the end.
	for end := time.Now().Add(10 * time.Second); runtime.NumGoroutine() > beforeRoutines; runtime.Gosched() {
		if time.Now().After(end) {
			t.Fatalf("%d goroutines, %d before", runtime.NumGoroutine(), beforeRoutines)
		}
	}
	if held := heap(); held > beforeHeap+8<<20 {
		t.Errorf("%d KB held, %d KB before", held>>10, beforeHeap>>10)
	}
	if strings.Contains(w.log.String(), "panic") {
		t.Errorf("a panic: %.500s", w.log.String())
	}
}
