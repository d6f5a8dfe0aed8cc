package detect

// reach returns a list that has a place n: the same, or a longer one.
func reach[T any](list []T, n uint32) []T {
	if more := int(n) + 1 - len(list); more > 0 {
		return append(list, make([]T, more)...)
	}
	return list
}
