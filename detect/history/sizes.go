package history

// A history holds and writes so much at once.
var (
	sectionRequests = 1 << 16 // of a section, about
	mostSections    = 1 << 10
	blockRequests   = 1 << 9  // that are written at once
	longSection     = 1 << 19 // requests that are held at once of one section

	batchRequests, batchGroups = 1 << 13, 256 // end a batch

	mostMore uint8 = 1<<8 - 1 // how many requests may go on with one, so that it fits
)

// Meagre lets histories hold next to nothing at once, as they do with what is large, and
// lose what is done with at once, until the function that it returns is called. It is for tests.
func Meagre() (enough func()) {
	section, sections, block, long, requests, groups, more := sectionRequests, mostSections, blockRequests, longSection, batchRequests, batchGroups, mostMore
	sectionRequests, mostSections, blockRequests, longSection, batchRequests, batchGroups, mostMore, spoil = 100, 10, 3, 20, 30, 5, 2, true
	return func() {
		sectionRequests, mostSections, blockRequests, longSection, batchRequests, batchGroups, mostMore, spoil = section, sections, block, long, requests, groups, more, false
	}
}
