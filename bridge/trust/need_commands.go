package trust

import (
	"strconv"
	"strings"
	"time"

	"github.com/fedbridge/fedbridge/bridge"
)

// Lines of the AWS CLI, for a POSIX shell. They need credentials of the account in question, and its partition's region.

func createOIDCCommand(url string, clientIDs []string) string {
	return "aws iam create-open-id-connect-provider --url " + shell(url) + " --client-id-list " + shells(clientIDs)
}

func addClientIDCommand(arn, clientID string) string {
	return "aws iam add-client-id-to-open-id-connect-provider --open-id-connect-provider-arn " + shell(arn) + " --client-id " + shell(clientID)
}

func removeClientIDCommand(arn, clientID string) string {
	return "aws iam remove-client-id-from-open-id-connect-provider --open-id-connect-provider-arn " + shell(arn) + " --client-id " + shell(clientID)
}

func createSAMLCommand(name string) string {
	return "aws iam create-saml-provider --name " + shell(name) + " --saml-metadata-document file://metadata.xml"
}

func updateSAMLCommand(arn string) string {
	return "aws iam update-saml-provider --saml-provider-arn " + shell(arn) + " --saml-metadata-document file://metadata.xml"
}

func encryptCommand(arn string) string {
	return "aws iam update-saml-provider --saml-provider-arn " + shell(arn) +
		" --assertion-encryption-mode Required --add-private-key file://decryption-key.pem"
}

func decryptCommand(arn string) string {
	return "aws iam update-saml-provider --saml-provider-arn " + shell(arn) + " --assertion-encryption-mode Allowed"
}

func createRoleCommand(arn bridge.RoleARN, longest time.Duration) string {
	line := "aws iam create-role --role-name " + shell(arn.Name)
	if arn.Path != "/" {
		line += " --path " + shell(arn.Path)
	}
	return line + " --assume-role-policy-document file://" + arn.Name + ".json --max-session-duration " + seconds(longest)
}

func maxSessionCommand(arn bridge.RoleARN, longest time.Duration) string {
	return "aws iam update-role --role-name " + shell(arn.Name) + " --max-session-duration " + seconds(longest)
}

func trustPolicyCommand(arn bridge.RoleARN) string {
	return "aws iam update-assume-role-policy --role-name " + shell(arn.Name) + " --policy-document file://" + arn.Name + ".json"
}

// length writes 12h or 1h30m, not 12h0m0s.
func length(d time.Duration) string {
	text := d.String()
	for _, zero := range []string{"m0s", "h0m"} {
		if strings.HasSuffix(text, zero) {
			text = strings.TrimSuffix(text, zero[1:])
		}
	}
	return text
}

func seconds(d time.Duration) string { return strconv.Itoa(int((d + time.Second - 1) / time.Second)) }

// shell quotes a word where a shell would read more into it.
func shell(s string) string {
	if s != "" && strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+=,.@:/-") == "" {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

func shells(words []string) string {
	out := make([]string, len(words))
	for i, w := range words {
		out[i] = shell(w)
	}
	return strings.Join(out, " ")
}
