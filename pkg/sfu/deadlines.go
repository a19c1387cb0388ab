package sfu

import "time"

// deadlines orders the Transports of a worker by when their pacers are due: a binary heap, so that one timer serves them all. Each egress
// knows its place in it.
type deadlines []*egress

// notDue is the place of an egress that is in no heap.
const notDue = -1

// first is the earliest deadline; false if there is none.
func (d deadlines) first() (time.Duration, bool) {
	if len(d) == 0 {
		return 0, false
	}
	return d[0].dueAt, true
}

// set gives e a deadline, or another one.
func (d *deadlines) set(e *egress, at time.Duration) {
	e.dueAt = at
	if e.duePlace == notDue {
		e.duePlace = len(*d)
		*d = append(*d, e)
	}
	if !d.rise(e.duePlace) {
		d.sink(e.duePlace)
	}
}

// remove takes e out, if it is in.
func (d *deadlines) remove(e *egress) {
	i := e.duePlace
	if i == notDue {
		return
	}
	last := len(*d) - 1
	d.swap(i, last)
	(*d)[last] = nil
	*d = (*d)[:last]
	e.duePlace = notDue
	if i < last && !d.rise(i) {
		d.sink(i)
	}
}

// rise moves an element up to its place and tells whether it moved.
func (d deadlines) rise(i int) bool {
	moved := false
	for i > 0 {
		parent := (i - 1) / 2
		if d[parent].dueAt <= d[i].dueAt {
			break
		}
		d.swap(i, parent)
		i, moved = parent, true
	}
	return moved
}

func (d deadlines) sink(i int) {
	for {
		child := 2*i + 1
		if child >= len(d) {
			return
		}
		if child+1 < len(d) && d[child+1].dueAt < d[child].dueAt {
			child++
		}
		if d[i].dueAt <= d[child].dueAt {
			return
		}
		d.swap(i, child)
		i = child
	}
}

func (d deadlines) swap(i, j int) {
	d[i], d[j] = d[j], d[i]
	d[i].duePlace, d[j].duePlace = i, j
}
