package trust_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/bridge/trust"
)

// TestMetadataStaysWhereItIs: an IdP's metadata is its own word. Whatever it says, it ends neither the text that it stands
// in nor becomes a template of Terraform's.
func TestMetadataStaysWhereItIs(t *testing.T) {
	hostile := "<EntityDescriptor><!--\nMETADATA\nMETADATA_\nresource \"aws_iam_role\" \"evil\" {}\n${file(\"/etc/passwd\")} %{for a in b}--></EntityDescriptor>"
	n := minted()
	n.Role.Mint, n.Metadata = bridge.ProofSAML, []byte(hostile)
	n.Role.SAMLProvider = bridge.SAMLProviderARN{Partition: "aws", Account: "123456789012", Name: "fedbridge"}
	n.Recipient = []string{"https://signin.aws.amazon.com/saml"}
	plan, err := trust.Generate([]trust.Need{n}, trust.Options{})
	if err != nil {
		t.Fatal(err)
	}
	out := plan.Terraform()
	_, after, ok := strings.Cut(out, "saml_metadata_document = <<")
	end, body, _ := strings.Cut(after, "\n")
	body, rest, closed := strings.Cut(body, "\n"+end+"\n")
	if !ok || !closed || !strings.Contains(body, `"evil"`) || !strings.Contains(body, "--></EntityDescriptor>") || strings.Contains(rest, "evil") {
		t.Errorf("the metadata gets out:\n%s", out)
	}
	if lines := strings.Split(body, "\n"); slices.ContainsFunc(lines, func(l string) bool { return strings.TrimSpace(l) == end }) {
		t.Errorf("a line of the metadata is %q", end)
	}
	for _, template := range []string{"${", "%{"} {
		if n := strings.Count(body, template); n == 0 || n != strings.Count(body, template[:1]+template) {
			t.Errorf("%q is a template of Terraform's", template)
		}
	}
	yaml, err := plan.CloudFormation("123456789012")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.SplitSeq(yaml, "\n") {
		if strings.Contains(line, "evil") && !strings.HasPrefix(line, "        ") {
			t.Errorf("the metadata gets out: %q", line)
		}
	}
}
