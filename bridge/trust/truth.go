package trust

// truth is Kleene's three-valued logic. The order matters: "and" is the least of its parts, "or" the greatest.
type truth uint8

const (
	no    truth = iota
	maybe       // not understood, or not known
	yes
)

func (t truth) not() truth { return yes - t }

func is(b bool) truth {
	if b {
		return yes
	}
	return no
}
