package handlers

import (
	"net/http"

	"github.com/fedbridge/fedbridge/bridge"
)

// statusClientGone is what nginx logs when a client went away; nobody is there to read it.
const statusClientGone = 499

// statuses is the one map from codes to HTTP. A test walks the catalogue: each code has an entry.
var statuses = map[bridge.Code]int{
	bridge.CodeBadRequest:   http.StatusBadRequest,
	bridge.CodeNotFound:     http.StatusNotFound,
	bridge.CodeMethod:       http.StatusMethodNotAllowed,
	bridge.CodeTooLarge:     http.StatusRequestEntityTooLarge,
	bridge.CodeCrossOrigin:  http.StatusForbidden,
	bridge.CodeRateLimited:  http.StatusTooManyRequests,
	bridge.CodeCookies:      http.StatusBadRequest,
	bridge.CodeClientGone:   statusClientGone,
	bridge.CodeInternal:     http.StatusInternalServerError,
	bridge.CodeStoreDown:    http.StatusServiceUnavailable,
	bridge.CodeAuditDown:    http.StatusServiceUnavailable,
	bridge.CodeShuttingDown: http.StatusServiceUnavailable,

	bridge.CodeNotSignedIn:      http.StatusUnauthorized,
	bridge.CodeSessionEnded:     http.StatusUnauthorized,
	bridge.CodeLoginStale:       http.StatusBadRequest,
	bridge.CodeProviderUnknown:  http.StatusNotFound,
	bridge.CodeProviderDown:     http.StatusServiceUnavailable,
	bridge.CodeProviderRefused:  http.StatusForbidden,
	bridge.CodeProviderConfig:   http.StatusBadGateway,
	bridge.CodeAnswerMalformed:  http.StatusBadRequest,
	bridge.CodeAnswerRejected:   http.StatusForbidden,
	bridge.CodeAnswerTooLarge:   http.StatusRequestEntityTooLarge,
	bridge.CodeAudience:         http.StatusForbidden,
	bridge.CodeDestination:      http.StatusForbidden,
	bridge.CodeClock:            http.StatusForbidden,
	bridge.CodeStrength:         http.StatusForbidden,
	bridge.CodeEncryption:       http.StatusForbidden,
	bridge.CodeSubjectMissing:   http.StatusForbidden,
	bridge.CodeSubjectTransient: http.StatusForbidden,
	bridge.CodeClaim:            http.StatusForbidden,
	bridge.CodeGroupOverage:     http.StatusForbidden,
	bridge.CodeTenant:           http.StatusForbidden,
	bridge.CodeUserInfo:         http.StatusForbidden,

	bridge.CodeParameter:       http.StatusBadRequest,
	bridge.CodeOperation:       http.StatusBadRequest,
	bridge.CodeTokenMissing:    http.StatusUnauthorized,
	bridge.CodeSAMLNotOffered:  http.StatusBadRequest,
	bridge.CodeClientRejected:  http.StatusUnauthorized,
	bridge.CodeClientProvider:  http.StatusForbidden,
	bridge.CodeDPoP:            http.StatusUnauthorized,
	bridge.CodeRoleAmbiguous:   http.StatusBadRequest,
	bridge.CodeGuest:           http.StatusUnauthorized,
	bridge.CodePoolUnknown:     http.StatusNotFound,
	bridge.CodeIdentityIDOther: http.StatusForbidden,

	bridge.CodeNoRole:            http.StatusForbidden,
	bridge.CodeNotEntitled:       http.StatusForbidden,
	bridge.CodeDenied:            http.StatusForbidden,
	bridge.CodeDuration:          http.StatusBadRequest,
	bridge.CodeRegion:            http.StatusBadRequest,
	bridge.CodeConsoleTarget:     http.StatusBadRequest,
	bridge.CodeTagValue:          http.StatusUnprocessableEntity,
	bridge.CodeSourceIdentity:    http.StatusUnprocessableEntity,
	bridge.CodeSessionTooLarge:   http.StatusUnprocessableEntity,
	bridge.CodeSessionValue:      http.StatusUnprocessableEntity,
	bridge.CodeNarrowing:         http.StatusBadRequest,
	bridge.CodeNarrowingUnusable: http.StatusBadRequest,
	bridge.CodeRevoked:           http.StatusUnauthorized,

	// The proof of this session can't serve; another sign-in, or another set-up, could.
	bridge.CodeProofMissing:     http.StatusConflict,
	bridge.CodeProofStale:       http.StatusConflict,
	bridge.CodeProofKind:        http.StatusConflict,
	bridge.CodeProofEncrypted:   http.StatusConflict,
	bridge.CodeProofAudience:    http.StatusConflict,
	bridge.CodeProofRolePair:    http.StatusConflict,
	bridge.CodeProofSessionName: http.StatusConflict,
	bridge.CodeProofAlgorithm:   http.StatusConflict,
	bridge.CodeProofSubject:     http.StatusConflict,
	bridge.CodeProofTooLarge:    http.StatusConflict,

	// What AWS refused is 4xx where the person can do something about it, 502 where an operator must, 503 in an outage.
	bridge.CodeIssuerKey:   http.StatusServiceUnavailable,
	bridge.CodeIssuerKMS:   http.StatusServiceUnavailable,
	bridge.CodeIssuerClock: http.StatusServiceUnavailable,
	bridge.CodeIssuerMint:  http.StatusBadGateway,

	bridge.CodeSTSRefused:        http.StatusForbidden,
	bridge.CodeSTSExpired:        http.StatusConflict,
	bridge.CodeSTSInvalidProof:   http.StatusBadGateway,
	bridge.CodeSTSClaimRejected:  http.StatusForbidden,
	bridge.CodeSTSProviderDown:   http.StatusBadGateway,
	bridge.CodeSTSPolicy:         http.StatusBadGateway,
	bridge.CodeSTSPacked:         http.StatusBadGateway,
	bridge.CodeSTSRegion:         http.StatusBadGateway,
	bridge.CodeSTSDuration:       http.StatusBadRequest,
	bridge.CodeSTSChained:        http.StatusBadRequest,
	bridge.CodeSTSInvalidRequest: http.StatusBadGateway,
	bridge.CodeSTSCredentials:    http.StatusBadGateway,
	bridge.CodeSTSNoCredentials:  http.StatusBadGateway,
	bridge.CodeSTSClock:          http.StatusBadGateway,
	bridge.CodeSTSThrottled:      http.StatusTooManyRequests,
	bridge.CodeSTSDown:           http.StatusServiceUnavailable,
	bridge.CodeSTSWrongRole:      http.StatusBadGateway,
	bridge.CodeSTSAnswer:         http.StatusBadGateway,
	bridge.CodeConsoleRefused:    http.StatusBadGateway,
	bridge.CodeConsoleDown:       http.StatusServiceUnavailable,
}

// Status is the HTTP status of a code; 500 for one that it doesn't know.
func Status(code bridge.Code) int {
	if status, ok := statuses[code]; ok {
		return status
	}
	return http.StatusInternalServerError
}
