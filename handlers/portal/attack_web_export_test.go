package portal

// Sealed is a value and the row it is bound to.
type Sealed struct {
	Row   [32]byte
	Value []byte
}

// Opens tells whether a key, however it might be used, opens any of these.
func Opens(key [32]byte, all []Sealed) bool {
	for _, p := range []purpose{purposeLogin, purposeConfirm, purposeKey, purposeIdentity, purposeProof} {
		derived, err := secret(key).key(p)
		if err != nil {
			return false
		}
		for _, s := range all {
			for _, k := range [][]byte{key[:], derived} {
				if _, err := open(k, p, s.Row, s.Value); err == nil {
					return true
				}
			}
		}
	}
	return false
}
