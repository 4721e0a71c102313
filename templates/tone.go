package templates

import (
	"strconv"
	"strings"

	"github.com/fedbridge/fedbridge/bridge"
)

// tones are the colours that an account can have on a page. A page can't carry any #rrggbb (a style attribute would need
// an exception in the CSP), so each colour is shown as its nearest tone, which is legible in light and dark.
var tones = []struct {
	name string
	hue  int // degrees
}{
	{"red", 3}, {"orange", 25}, {"amber", 43}, {"green", 130}, {"teal", 172}, {"blue", 215}, {"violet", 280}, {"pink", 325},
	{"red", 363},
}

// tone is the style class of an account: the operator's colour, or else one by environment.
func tone(a bridge.Account) string {
	if rgb, ok := parseColour(a.Colour); ok {
		return "tone-" + nearest(rgb)
	}
	return "tone-" + environmentTone(a.Environment)
}

// isProduction tells whether mistakes in the environment hurt; its badge is then filled.
func isProduction(environment string) bool {
	e := strings.ToLower(environment)
	return e == "live" || strings.HasPrefix(e, "prod") || strings.HasPrefix(e, "prd")
}

func environmentTone(environment string) string {
	if isProduction(environment) {
		return "red"
	}
	e := strings.ToLower(environment)
	for _, known := range []struct{ prefix, tone string }{
		{"stag", "amber"}, {"stg", "amber"}, {"pre", "amber"}, {"uat", "amber"}, {"acc", "amber"},
		{"test", "violet"}, {"qa", "violet"}, {"dev", "green"}, {"sand", "teal"}, {"play", "teal"}, {"lab", "teal"},
	} {
		if strings.HasPrefix(e, known.prefix) {
			return known.tone
		}
	}
	if e == "" {
		return "grey"
	}
	return "blue"
}

// nearest finds the tone by hue, as people name colours; what has hardly any colour is grey.
func nearest(rgb [3]int) string {
	high, low := max(rgb[0], rgb[1], rgb[2]), min(rgb[0], rgb[1], rgb[2])
	if spread := high - low; spread < 24 || spread*6 < high {
		return "grey"
	}
	hue, best, distance := hueOf(rgb, high, low), "grey", 360
	for _, t := range tones {
		if d := max(hue-t.hue, t.hue-hue); d < distance {
			best, distance = t.name, d
		}
	}
	return best
}

func hueOf(rgb [3]int, high, low int) int {
	spread := high - low
	switch high {
	case rgb[0]:
		return (360 + 60*(rgb[1]-rgb[2])/spread) % 360
	case rgb[1]:
		return 120 + 60*(rgb[2]-rgb[0])/spread
	}
	return 240 + 60*(rgb[0]-rgb[1])/spread
}

// parseColour reads #rgb, #rrggbb, or a CSS colour name (CSS Color 4 §6.1).
func parseColour(s string) (rgb [3]int, ok bool) {
	s = strings.ToLower(strings.TrimSpace(s))
	digits, isHex := strings.CutPrefix(s, "#")
	if !isHex {
		digits, isHex = named(s)
	}
	if len(digits) == 3 {
		digits = string([]byte{digits[0], digits[0], digits[1], digits[1], digits[2], digits[2]})
	}
	n, err := strconv.ParseUint(digits, 16, 32)
	if !isHex || len(digits) != 6 || err != nil {
		return rgb, false
	}
	return [3]int{int(n >> 16), int(n >> 8 & 0xff), int(n & 0xff)}, true
}

func named(name string) (digits string, ok bool) {
	if name == "" || strings.ContainsAny(name, " :\n\t") {
		return "", false
	}
	_, rest, ok := strings.Cut(cssColours, " "+name+":")
	if !ok {
		return "", false
	}
	return rest[:6], true
}
