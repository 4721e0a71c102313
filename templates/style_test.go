package templates_test

import (
	"bytes"
	"math"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/templates"
)

// TestContrast computes WCAG 2.2 §1.4.3 (text 4.5:1) and §1.4.11 (borders of controls, focus 3:1) for every pair of
// colours that meet, light and dark.
func TestContrast(t *testing.T) {
	sheet, err := os.ReadFile("assets/app.css")
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile(`(?s):root \{(.*?)\}`).FindAllStringSubmatch(string(sheet), -1)
	if len(blocks) != 2 {
		t.Fatalf("%d palettes", len(blocks))
	}
	text := [][2]string{{"ink", "bg"}, {"ink", "card"}, {"ink", "wash"}, {"soft", "bg"}, {"soft", "card"}, {"soft", "wash"}, {"accent", "bg"},
		{"accent", "card"}, {"accent", "wash"}, {"on-accent", "accent"}, {"warn-ink", "warn-bg"}, {"ok", "card"}, {"bad", "card"}, {"bad", "bg"}}
	tones := []string{"red", "orange", "amber", "green", "teal", "blue", "violet", "pink", "grey"}
	for _, tone := range tones {
		text = append(text, [2]string{tone, "card"}, [2]string{"card", tone})
	}
	shapes := [][2]string{{"field", "card"}, {"field", "bg"}, {"focus", "bg"}, {"focus", "card"}, {"focus", "wash"}}
	for i, scheme := range []string{"light", "dark"} {
		colours := map[string]float64{}
		for _, m := range regexp.MustCompile(`--([a-z-]+): #([0-9a-f]{6});`).FindAllStringSubmatch(blocks[i][1], -1) {
			colours[m[1]] = luminance(t, m[2])
		}
		for _, pair := range text {
			demand(t, scheme, colours, pair, 4.5)
		}
		for _, pair := range shapes {
			demand(t, scheme, colours, pair, 3)
		}
	}
}

func demand(t *testing.T, scheme string, colours map[string]float64, pair [2]string, floor float64) {
	t.Helper()
	a, okA := colours[pair[0]]
	b, okB := colours[pair[1]]
	if ratio := (max(a, b) + .05) / (min(a, b) + .05); !okA || !okB || ratio < floor {
		t.Errorf("%s: %s on %s: %.2f, want %.1f", scheme, pair[0], pair[1], ratio, floor)
	}
}

// luminance is the relative luminance of WCAG 2.2.
func luminance(t *testing.T, digits string) float64 {
	t.Helper()
	n, err := strconv.ParseUint(digits, 16, 32)
	if err != nil {
		t.Fatal(err)
	}
	part := func(shift uint) float64 {
		v := float64(n>>shift&0xff) / 255
		if v <= .04045 {
			return v / 12.92
		}
		return math.Pow((v+.055)/1.055, 2.4)
	}
	return .2126*part(16) + .7152*part(8) + .0722*part(0)
}

func TestTones(t *testing.T) {
	sheet, err := os.ReadFile("assets/app.css")
	if err != nil {
		t.Fatal(err)
	}
	set := newSet(t)
	for _, tt := range []struct{ colour, environment, want string }{
		{"", "", "grey"}, {"", "production", "red"}, {"", "Prod-EU", "red"}, {"", "live", "red"}, {"", "staging", "amber"}, {"", "dev", "green"},
		{"", "sandbox", "teal"}, {"", "QA", "violet"}, {"", "shared", "blue"}, {"", "reproduction", "blue"},
		{"#ff0000", "dev", "red"}, {"#F00", "dev", "red"}, {"tomato", "", "red"}, {"Orange", "", "amber"}, {"darkorange", "", "orange"}, {"gold", "", "amber"},
		{"#00ff00", "production", "green"}, {"teal", "", "teal"}, {"navy", "", "blue"}, {"rebeccapurple", "", "violet"}, {"purple", "", "violet"}, {"hotpink", "", "pink"},
		{"crimson", "", "red"}, {"white", "production", "grey"}, {"#808080", "production", "grey"}, {"black", "", "grey"},
		// What is no colour is none.
		{"#12345", "production", "red"}, {"url(x)", "", "grey"}, {"red;background:url(//x)", "", "grey"}, {"#ff00zz", "dev", "green"}, {"red:ff0000 green", "", "grey"},
		{" ", "", "grey"}, {":", "", "grey"}, {"ff0000", "", "grey"}, {"#-ff000", "", "grey"},
	} {
		page := render(t, set, templates.Picker{Total: 1, Accounts: []templates.PickerAccount{{
			Account: bridge.Account{ID: "1", Colour: tt.colour, Environment: tt.environment}, Roles: []templates.PickerRole{{Path: "/r"}}}}})
		if !bytes.Contains(page, []byte(`class="card tone-`+tt.want+`"`)) {
			got := regexp.MustCompile(`tone-[^"]*`).Find(page)
			t.Errorf("colour %q, environment %q: %s, want %s", tt.colour, tt.environment, got, tt.want)
		}
		if !strings.Contains(string(sheet), ".tone-"+tt.want+" {") {
			t.Errorf("the style sheet lacks tone %s", tt.want)
		}
	}
}
