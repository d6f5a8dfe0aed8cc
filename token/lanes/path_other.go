//go:build !amd64

package lanes

func fastest() path { return generic }

func (p path) hash(b *block, in, out *chain, rows []uint32, lanes int) (hits uint64) {
	return hashGeneric(b, in, out, rows, lanes)
}
