package bridge

// Reuse hands out credentials again that were issued to the same person for the same question, where the role allows it
// (Role.Reuse), and lets concurrent equal questions share one call to STS.
type Reuse struct{ limit int }

// DefaultReuse is how many credentials are kept at most. Each takes two to three kilobytes.
const DefaultReuse = 20_000

// NewReuse makes an empty Reuse that keeps so many credentials at most; zero means DefaultReuse.
func NewReuse(limit int) *Reuse {
	if limit <= 0 {
		limit = DefaultReuse
	}
	return &Reuse{limit: limit}
}
