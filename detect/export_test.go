package detect

// Meagre lets an analysis hold next to nothing at once, until the function that it
// returns is called: as it does with what is large.
func Meagre() (enough func()) {
	few, shot, visits := fewFrames, shotFrames, manyVisits
	fewFrames, shotFrames, manyVisits = 0, 50, 20
	return func() { fewFrames, shotFrames, manyVisits = few, shot, visits }
}
