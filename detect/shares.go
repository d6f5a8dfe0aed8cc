package detect

// inShares does something that takes memory share by share, with as few shares as fit. do reports whether
// a share fits; where one does not, all is done again with twice as many.
func inShares(do func(share, shares uint32) (ok bool, err error)) error {
	for shares := uint32(1); ; shares *= 2 {
		small := true
		for share := uint32(0); share < shares && small; share++ {
			var err error
			if small, err = do(share, shares); err != nil {
				return err
			}
		}
		if small {
			return nil
		}
	}
}
