package idp

import "context"

// Voucher is a provider whose signed answers AWS verifies itself where a role relays them (via: saml).
type Voucher interface {
	// Vouched tells what IAM must hold of it. It asks the provider where there is no copy of its metadata yet.
	Vouched(ctx context.Context) (Vouched, error)
}

// Vouched is what IAM must hold of a provider to believe its answers.
type Vouched struct {
	EntityID     string
	Certificates [][]byte // DER, of all that may sign now
	Metadata     []byte   // for CreateSAMLProvider; nil where the document describes others, too
}
