package main

import (
	"strings"
	"unicode"

	"github.com/fedbridge/fedbridge/bridge"
)

// longestName is the limit of an account's name in the configuration.
const longestName = 64

// nameAll gives every account a name that rules and links can use. An account in an organisation may be called anything,
// and several may be called the same; what people read stays in the label.
func (l *accountList) nameAll() {
	wanted := map[string]int{}
	for i := range l.listed {
		a := &l.listed[i]
		a.name = ruleName(a.label, a.name, a.id)
		wanted[a.name]++
	}
	taken := map[string]bool{}
	for name, count := range wanted {
		taken[name] = count == 1
	}
	var changed []string
	for i := range l.listed {
		a := &l.listed[i]
		if wanted[a.name] > 1 {
			a.name = uniqueName(a.name, a.id, taken)
			taken[a.name] = true
		}
		if a.label == a.name {
			a.label = ""
		} else if a.label == "" {
			changed = append(changed, a.id+" is "+a.name)
		} else {
			changed = append(changed, short(a.label)+" is "+a.name)
		}
	}
	if len(changed) > 0 {
		l.note("gave names that rules and links can use: %s", some(changed))
	}
}

// ruleName keeps a name that can be used as it is, and makes one of what can't.
func ruleName(label, name, id string) string {
	if usableName(name) {
		return name
	}
	made := strings.ToLower(latin.Replace(name))
	made = strings.Join(strings.FieldsFunc(made, func(r rune) bool { return !isWord(r) }), "-")
	made = strings.Trim(cut(made, longestName), "-.")
	if !usableName(made) {
		return "account-" + id
	}
	return made
}

// uniqueName adds digits of the id, which stay the same when the list is sorted in another way.
func uniqueName(name, id string, taken map[string]bool) string {
	for _, digits := range []string{id[len(id)-4:], id} {
		if unique := cut(name, longestName-1-len(digits)) + "-" + digits; !taken[unique] {
			return unique
		}
	}
	return "account-" + id
}

// usableName is the alphabet of names in the configuration; what it lets through, check takes.
func usableName(name string) bool {
	return name != "" && len(name) <= longestName && name[0] != '.' && !bridge.ValidAccountID(name) &&
		strings.IndexFunc(name, func(r rune) bool { return !isWord(r) }) < 0
}

func isWord(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '_' || r == '.' || r == '-'
}

// cut shortens a text of ASCII.
func cut(s string, most int) string { return s[:min(len(s), most)] }

// latin spells letters of European languages in ASCII.
var latin = strings.NewReplacer(
	"à", "a", "á", "a", "â", "a", "ã", "a", "ä", "ae", "å", "a", "æ", "ae", "ç", "c", "è", "e", "é", "e", "ê", "e", "ë", "e",
	"ì", "i", "í", "i", "î", "i", "ï", "i", "ñ", "n", "ò", "o", "ó", "o", "ô", "o", "õ", "o", "ö", "oe", "ø", "o", "œ", "oe",
	"ß", "ss", "ù", "u", "ú", "u", "û", "u", "ü", "ue", "ý", "y", "ÿ", "y", "č", "c", "ć", "c", "ď", "d", "đ", "d", "ě", "e",
	"ę", "e", "ą", "a", "ł", "l", "ń", "n", "ň", "n", "ř", "r", "š", "s", "ś", "s", "ť", "t", "ů", "u", "ž", "z", "ź", "z", "ż", "z",
	"À", "A", "Á", "A", "Â", "A", "Ä", "Ae", "Å", "A", "Æ", "Ae", "Ç", "C", "È", "E", "É", "E", "Í", "I", "Ñ", "N", "Ó", "O",
	"Ö", "Oe", "Ø", "O", "Ú", "U", "Ü", "Ue", "Č", "C", "Ř", "R", "Š", "S", "Ž", "Z", "Ł", "L",
)

// plain is a text without what can't be printed, on one line: a name from elsewhere steers no terminal and no page (threat
// C4).
func plain(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case r == '\t' || r == '\n' || unicode.Is(unicode.Zs, r):
			return ' '
		case unicode.IsPrint(r) && r != unicode.ReplacementChar:
			return r
		}
		return -1
	}, s)
	return strings.Join(strings.Fields(s), " ")
}
