package awskms

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/smithy-go"

	"github.com/fedbridge/fedbridge/bridge"
)

// maxCause bounds a cause in the log.
const maxCause = 400

var errOtherKey = errors.New("the answer is about another key: the endpoint can't be trusted")

// remedies say what to do about the errors that KMS's callers meet (KMS API, Sign and GetPublicKey).
var remedies = map[string]string{
	"AccessDeniedException":        "allow kms:GetPublicKey and kms:Sign to fedbridge's credentials, in the key's policy or in IAM",
	"NotFoundException":            "there is no such key in that region and account: write the key's own ARN",
	"DisabledException":            "enable the key, or take it out of the configuration",
	"KMSInvalidStateException":     "the key is disabled, pending deletion or not ready: mend that, or take it out of the configuration",
	"InvalidKeyUsageException":     "make a key with key usage SIGN_VERIFY, of spec ECC_NIST_P256 for ES256 or RSA_2048 to RSA_4096 for RS256",
	"KeyUnavailableException":      "try again; where it lasts, see whether the key's store is connected",
	"UnrecognizedClientException":  "the credentials are wrong or of another partition",
	"InvalidSignatureException":    "the credentials are wrong, or the clock is",
	"ExpiredTokenException":        "fedbridge's credentials have expired",
	"ThrottlingException":          "KMS has too many requests: ask AWS for a higher quota of cryptographic operations",
	"InvalidClientTokenId":         "the credentials are wrong or of another partition",
	"RequestExpired":               "set the clock",
	"IncompleteSignatureException": "the credentials are wrong",
}

// translate makes CodeIssuerKMS of what went wrong, or CodeClientGone of somebody who left. The error itself is not
// wrapped: it may hold the body of an answer.
func translate(ctx context.Context, action, arn string, patience time.Duration, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(ctx.Err(), context.Canceled):
		return bridge.Fail(bridge.CodeClientGone, fmt.Errorf("kms: %s: the caller left", action))
	case errors.Is(err, context.DeadlineExceeded):
		return bridge.Fail(bridge.CodeIssuerKMS, fmt.Errorf("kms: %s with %.120s: no answer within %s", action, arn, patience))
	}
	said, remedy := err.Error(), ""
	if refusal, ok := errors.AsType[smithy.APIError](err); ok {
		said = refusal.ErrorCode() + ": " + refusal.ErrorMessage()
		if remedy = remedies[refusal.ErrorCode()]; remedy != "" {
			remedy = " (" + remedy + ")"
		}
	} else if inner, ok := errors.AsType[*smithy.OperationError](err); ok {
		said = inner.Unwrap().Error()
	}
	return bridge.Fail(bridge.CodeIssuerKMS, fmt.Errorf("kms: %s with %.120s: %s%s", action, arn, bounded(said), remedy))
}

func bounded(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	if len(text) > maxCause {
		text = strings.ToValidUTF8(text[:maxCause], "") + "…"
	}
	return text
}
