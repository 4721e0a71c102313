package trust

import (
	"fmt"
	"regexp"
	"strings"
)

var (
	hclIdentifier = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_-]*$`)
	notInLabel    = regexp.MustCompile(`[^a-z0-9]+`)
)

// resource writes a resource block, for the account's provider where there are several.
func (t *terraform) resource(kind, arn, name string, a AccountPlan, body func()) {
	t.block("resource "+hclQuote(kind)+" "+hclQuote(t.label(kind, arn, name, a))+" {", func() {
		if t.several {
			t.line("provider = aws.a" + a.Account.ID)
			t.line("")
		}
		body()
	})
}

// address is how other blocks name a resource.
func (t *terraform) address(kind, arn, name string, a AccountPlan) string {
	return kind + "." + t.label(kind, arn, name, a)
}

// label is a resource's name: readable, and the same for the same ARN. Two ARNs that read alike get a number each.
func (t *terraform) label(kind, arn, name string, a AccountPlan) string {
	key := kind + " " + arn
	if label, ok := t.names[key]; ok {
		return label
	}
	base := strings.Trim(notInLabel.ReplaceAllString(lower(bareIssuer(name)), "_"), "_")
	if t.several {
		base += "_" + a.Account.ID
	}
	if base == "" || base[0] >= '0' && base[0] <= '9' {
		base = "r_" + base
	}
	label := base
	for n := 2; t.taken(kind, label); n++ {
		label = fmt.Sprintf("%s_%d", base, n)
	}
	t.names[key] = label
	return label
}

func (t *terraform) taken(kind, label string) bool {
	for key, used := range t.names {
		if used == label && strings.HasPrefix(key, kind+" ") {
			return true
		}
	}
	return false
}

// metadataVariable names the variable with the file of a provider's metadata.
func metadataVariable(a AccountPlan, p SAMLPlan) string {
	return "metadata_" + strings.Trim(notInLabel.ReplaceAllString(lower(p.Name), "_"), "_") + "_" + a.Account.ID
}

// value writes JSON as an HCL expression; newline is a line end and the indent of the level it is on. The ARN of a
// provider that this file makes is written as a reference, so that it is made first.
func (t *terraform) value(n node, a AccountPlan, newline string) string {
	deeper := newline + "  "
	var b strings.Builder
	switch n.kind {
	case object:
		b.WriteByte('{')
		for i, f := range n.fields {
			key := f.name
			if !hclIdentifier.MatchString(key) {
				key = hclQuote(key)
			}
			b.WriteString(deeper + key + strings.Repeat(" ", padding(n.fields, i)) + " = " + t.value(f.value, a, deeper))
		}
		b.WriteString(newline + "}")
	case array:
		b.WriteByte('[')
		for _, item := range n.items {
			b.WriteString(deeper + t.value(item, a, deeper) + ",")
		}
		b.WriteString(newline + "]")
	default:
		b.WriteString(t.reference(n.text, a))
	}
	return b.String()
}

func (t *terraform) reference(s string, a AccountPlan) string {
	for _, p := range a.OIDC {
		if p.ARN == s {
			return t.address("aws_iam_openid_connect_provider", p.ARN, p.URL, a) + ".arn"
		}
	}
	for _, p := range a.SAML {
		if p.ARN == s {
			return t.address("aws_iam_saml_provider", p.ARN, p.Name, a) + ".arn"
		}
	}
	return hclQuote(s)
}

// padding aligns the equals signs of neighbours, as `terraform fmt` does: only of those that are one line each.
func padding(fields []field, i int) int {
	if !oneLine(fields[i].value) {
		return 0
	}
	first, last := i, i
	for first > 0 && oneLine(fields[first-1].value) {
		first--
	}
	for last+1 < len(fields) && oneLine(fields[last+1].value) {
		last++
	}
	width := 0
	for _, f := range fields[first : last+1] {
		width = max(width, keyWidth(f.name))
	}
	return width - keyWidth(fields[i].name)
}

func oneLine(n node) bool { return n.kind != object && n.kind != array }

func keyWidth(name string) int {
	if hclIdentifier.MatchString(name) {
		return len(name)
	}
	return len([]rune(hclQuote(name)))
}

// hclQuote writes a string literal: JSON's escapes, and none of HCL's templates.
func hclQuote(s string) string { return hclEscape(quote(s)) }

func hclEscape(s string) string {
	return strings.NewReplacer("${", "$${", "%{", "%%{").Replace(s)
}

// heredocEnd is a word that ends a text written line by line and doesn't occur in it: metadata is the IdP's word, and a line
// of it must not end what it stands in.
func heredocEnd(s string) string {
	end := "METADATA"
	for strings.Contains(s, end) {
		end += "_"
	}
	return end
}

func hclList(values []string) string {
	quoted := make([]string, len(values))
	for i, v := range values {
		quoted[i] = hclQuote(v)
	}
	return "[" + strings.Join(quoted, ", ") + "]"
}
