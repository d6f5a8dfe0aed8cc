package history

// Sizes are how much a history holds and writes at once.
type Sizes struct {
	Section  int // requests of a section, about
	Sections int // at the most
	Block    int // requests that are written at once
	Long     int // requests that are held at once of one section

	BatchRequests, BatchGroups int // end a batch

	More  uint8 // how many requests may go on with one
	Spoil bool  // what a batch was in is lost as soon as it is done
}

// DefaultSizes are those of a log that is large.
func DefaultSizes() Sizes {
	return Sizes{Section: 1 << 16, Sections: 1 << 10, Block: 1 << 9, Long: 1 << 19, BatchRequests: 1 << 13, BatchGroups: 256, More: 1<<8 - 1}
}
