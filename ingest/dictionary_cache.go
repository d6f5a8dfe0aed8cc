package ingest

// cache is one worker's own memory of a dictionary, so that a common value
// costs no lock. Direct-mapped: what collides is asked for again.
type cache struct {
	dict  *dictionary
	rows  *Rows // this worker's part of the dictionary's
	slots []cacheSlot

	next  uint32  // of the ids that are the worker's to give out
	ahead int     // how many these are
	noted []keyed // what has got one of them

	found int // values that the worker knew while it gave out the last of these
	vain  int // how many times it takes ids yet without asking what it knows
}

// Where a dictionary looks nothing up, and a worker knew fewer than one value in
// trialShare while it gave out the ids that it had taken, its own memory is left
// alone while it takes ids vainTimes: to look there waits for memory, each time.
const vainTimes = 15

type cacheSlot struct {
	hash uint64
	id   uint32
}

const (
	cacheSlots = 1 << 14
	cacheNoted = 1 << 14
)

func (l *load) newCache(d *dictionary, large bool) *cache {
	return &cache{dict: d, rows: d.rows.part(l.Threads, &l.texts), slots: table[cacheSlot](cacheSlots, large)}
}

func (c *cache) slot(hash uint64) *cacheSlot { return &c.slots[hash&(cacheSlots-1)] }

// id is dictionary.id for one value.
func (c *cache) id(hash uint64) (id uint32, fresh bool) {
	if c.vain > 0 {
		return c.ask(hash)
	}
	slot := c.slot(hash)
	if slot.hash == hash && slot.id != 0 {
		c.found++
		return slot.id, false
	}
	id, fresh = c.ask(hash)
	*slot = cacheSlot{hash, id}
	return id, fresh
}

// ask is id for a value that the worker does not know.
func (c *cache) ask(hash uint64) (id uint32, fresh bool) {
	if c.ahead == 0 {
		id, fresh, ahead := c.dict.id(hash)
		switch {
		case ahead == 0:
			c.vain = 0
			return id, fresh
		case c.vain > 0:
			c.vain--
		case c.found < ahead/trialShare:
			c.vain = vainTimes
		}
		c.next, c.ahead, c.found = id, ahead, 0
	}
	id = c.next
	c.next++
	c.ahead--
	if c.dict.gone == nil {
		return id, true
	}
	if c.noted = append(c.noted, keyed{hash, id}); len(c.noted) == cacheNoted {
		c.note()
	}
	return id, true
}

func (c *cache) note() {
	if len(c.noted) > 0 {
		c.dict.note(c.noted)
		c.noted = c.noted[:0]
	}
}
