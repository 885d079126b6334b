/* Private to core/csv: the scanning kernels, compiled once a kind of processor. The including file
 * defines
 *   KERNEL        the target attribute of every function
 *   needles       what to look for, in the processor's form; needles_of(dialect)
 *   look(needles, bytes)   the masks of 64 bytes
 *   prefix_xor(mask)       bit i: the parity of bits 0 .. i
 *   put_positions(to, mask, base)   writes base + the position of each set bit */

/* Which bytes are escaped: behind an odd run of escapes. *carry: byte 0 is, then byte 64 is. */
KERNEL static inline uint64_t find_escaped(uint64_t escapes, uint64_t *carry) {
    const uint64_t even = UINT64_C(0x5555555555555555);
    if (escapes == 0) {
        uint64_t escaped = *carry;
        *carry = 0;
        return escaped;
    }
    escapes &= ~*carry;
    uint64_t follows = escapes << 1 | *carry;
    uint64_t odd_starts = escapes & ~even & ~follows;
    unsigned long long sequences;
    *carry = __builtin_uaddll_overflow(odd_starts, escapes, &sequences);
    uint64_t inverted = (uint64_t)sequences << 1;
    return (even ^ inverted) & follows;
}

/* A line's start moves behind CRs. *next: the byte behind the block is a start. */
KERNEL static inline uint64_t pass_carriage_returns(uint64_t starts, uint64_t returns,
                                                    uint64_t *next) {
    for (uint64_t moved = starts & returns; moved != 0; moved &= returns) {
        *next |= moved >> 63;
        moved <<= 1;
        starts |= moved;
    }
    return starts;
}

/* The state of scanning between blocks. */
typedef struct scan_state {
    uint64_t inside;   /* all ones inside quotes */
    uint64_t escaped;  /* 1: the next byte is */
    uint64_t start[2]; /* 1: the next byte begins a line, outside and inside quotes at the start */
} scan_state;

/* Masks of up to 64 bytes; those behind `count` are as if zero. */
KERNEL static inline masks look_at(const needles *wanted, const char *bytes, int64_t count) {
    if (count >= 64)
        return look(wanted, bytes);
    char block[64] = {0};
    memcpy(block, bytes, (size_t)count);
    return look(wanted, block);
}

/* Drops escaped quotes from the masks. */
KERNEL static inline void apply_escapes(masks *m, uint64_t *carry, int64_t count) {
    uint64_t escaped = find_escaped(m->escape, carry);
    m->quote &= ~escaped;
    if (count < 64)
        *carry = escaped >> count & 1;
}

/* What tallying carries, in registers. */
typedef struct tally_state {
    scan_state scan;
    int64_t records[2], first_start[2], ended, lines, offset;
} tally_state;

KERNEL static inline void note_first(tally_state *t, int h, uint64_t records) {
    if (t->first_start[h] < 0 && records != 0)
        t->first_start[h] = t->offset + __builtin_ctzll(records);
}

KERNEL static inline void tally_block(tally_state *t, masks m, int64_t count, bool notes) {
    uint64_t inside = prefix_xor(m.quote) ^ t->scan.inside;
    t->scan.inside = (uint64_t)((int64_t)inside >> 63);
    uint64_t ends = m.newline & ~inside, others = m.newline & inside;
    uint64_t starts = ends << 1 | t->scan.start[0], next = ends >> 63;
    uint64_t other_starts = others << 1 | t->scan.start[1], other_next = others >> 63;
    if (__builtin_expect(((starts | other_starts) & m.carriage) != 0, 0)) {
        starts = pass_carriage_returns(starts, m.carriage, &next);
        other_starts = pass_carriage_returns(other_starts, m.carriage, &other_next);
    }
    uint64_t text = ~(m.newline | m.carriage);
    if (count < 64) {
        next = starts >> count & 1;
        other_next = other_starts >> count & 1;
        text &= (UINT64_C(1) << count) - 1;
    }
    starts &= text;
    other_starts &= text;
    t->scan.start[0] = next;
    t->scan.start[1] = other_next;
    t->lines += __builtin_popcountll(m.newline);
    t->ended += __builtin_popcountll(ends);
    t->records[0] += __builtin_popcountll(starts);
    t->records[1] += __builtin_popcountll(other_starts);
    if (notes) {
        note_first(t, 0, starts);
        note_first(t, 1, other_starts);
    }
    t->offset += count;
}

KERNEL static inline void tally_blocks(tally_state *out, const needles *wanted, const char *bytes,
                                       int64_t length, bool escapes, bool notes) {
    tally_state t = *out;
    int64_t i = 0;
    for (; i + 64 <= length; i += 64) {
        masks m = look(wanted, bytes + i);
        if (escapes)
            apply_escapes(&m, &t.scan.escaped, 64);
        tally_block(&t, m, 64, notes);
    }
    if (i < length) {
        masks m = look_at(wanted, bytes + i, length - i);
        if (escapes)
            apply_escapes(&m, &t.scan.escaped, length - i);
        tally_block(&t, m, length - i, notes);
    }
    *out = t;
}

/* The first starts are looked for only in the pieces that have them. */
KERNEL static void tally_all(tally_state *t, const needles *wanted, const char *bytes,
                             int64_t length, bool escapes) {
    enum { PIECE = 8192 };
    for (int64_t i = 0; i < length; i += PIECE) {
        int64_t count = length - i < PIECE ? length - i : PIECE;
        tally_state before = *t;
        if (escapes)
            tally_blocks(t, wanted, bytes + i, count, true, false);
        else
            tally_blocks(t, wanted, bytes + i, count, false, false);
        bool first = (t->first_start[0] < 0 && t->records[0] > 0) ||
                     (t->first_start[1] < 0 && t->records[1] > 0);
        if (first) {
            *t = before;
            tally_blocks(t, wanted, bytes + i, count, escapes, true);
        }
    }
}

KERNEL static void tally_bytes(qn_csv_tally *tally, const qn_csv_dialect *dialect,
                               const char *bytes, int64_t length) {
    needles wanted = needles_of(dialect);
    tally_state t = {
        .scan = {.inside = 0 - (uint64_t)tally->odd_quotes,
                 .escaped = tally->carry[2],
                 .start = {tally->carry[0], tally->carry[1]}},
        .records = {tally->records[0], tally->records[1]},
        .first_start = {tally->first_start[0], tally->first_start[1]},
        .offset = tally->offset,
    };
    tally_all(&t, &wanted, bytes, length, dialect->escape != 0);
    tally->records[0] = t.records[0];
    tally->records[1] = t.records[1];
    tally->first_start[0] = t.first_start[0];
    tally->first_start[1] = t.first_start[1];
    tally->newlines[0] += t.ended;
    tally->newlines[1] += t.lines - t.ended;
    tally->lines += t.lines;
    tally->odd_quotes = t.scan.inside != 0;
    tally->offset = t.offset;
    tally->carry[0] = t.scan.start[0];
    tally->carry[1] = t.scan.start[1];
    tally->carry[2] = t.scan.escaped;
}

KERNEL static inline int64_t position_of_bit(uint64_t mask, int64_t which) {
    for (int64_t i = 0; i < which; i++)
        mask &= mask - 1;
    return __builtin_ctzll(mask);
}

KERNEL static int64_t skip_records(const qn_csv_dialect *dialect, const char *bytes, int64_t length,
                                   bool final, int64_t records, int64_t *records_skipped,
                                   int64_t *lines_skipped) {
    needles wanted = needles_of(dialect);
    scan_state state = {.start = {1, 0}};
    bool escapes = dialect->escape != 0;
    int64_t found = 0, lines = 0, behind = 0, lines_behind = 0;
    for (int64_t i = 0; i < length && found < records; i += 64) {
        int64_t count = length - i < 64 ? length - i : 64;
        masks m = look_at(&wanted, bytes + i, count);
        if (escapes)
            apply_escapes(&m, &state.escaped, count);
        uint64_t inside = prefix_xor(m.quote) ^ state.inside;
        state.inside = 0 - (inside >> 63);
        uint64_t ends = m.newline & ~inside;
        uint64_t starts = ends << 1 | state.start[0], next = ends >> 63;
        if ((starts & m.carriage) != 0)
            starts = pass_carriage_returns(starts, m.carriage, &next);
        state.start[0] = count < 64 ? starts >> count & 1 : next;
        uint64_t record_ends = ends & ~starts;
        int64_t here = __builtin_popcountll(record_ends);
        if (found + here >= records) {
            int64_t last = position_of_bit(record_ends, records - found - 1);
            uint64_t up_to = last == 63 ? ~UINT64_C(0) : (UINT64_C(2) << last) - 1;
            *records_skipped = records;
            *lines_skipped = lines + __builtin_popcountll(m.newline & up_to);
            return i + last + 1;
        }
        if (ends != 0) {
            int64_t last = 63 - __builtin_clzll(ends);
            uint64_t up_to = last == 63 ? ~UINT64_C(0) : (UINT64_C(2) << last) - 1;
            behind = i + last + 1;
            lines_behind = lines + __builtin_popcountll(m.newline & up_to);
        }
        found += here;
        lines += __builtin_popcountll(m.newline);
    }
    if (final && found < records && length > 0) {
        found += state.start[0] == 0;
        behind = length;
        lines_behind = lines;
    }
    *records_skipped = found;
    *lines_skipped = lines_behind;
    return behind;
}

/* Writes which of the field ends are line ends. */
KERNEL static inline void put_lines(qn_csv_index *index, uint64_t separators, uint64_t lines) {
    for (; lines != 0; lines &= lines - 1) {
        uint64_t before = separators & ((lines & (0 - lines)) - 1);
        index->lines[index->line_count++] =
            (uint32_t)(index->end_count + __builtin_popcountll(before));
    }
}

/* The masks seen so far, or-ed. */
typedef struct seen_masks {
    uint64_t quotes, beyond;
} seen_masks;

KERNEL static inline void index_block(qn_csv_index *index, seen_masks *seen, masks m, bool escapes,
                                      int64_t count) {
    if (escapes) {
        seen->quotes |= m.escape;
        apply_escapes(&m, &index->escaped, count);
    }
    seen->quotes |= m.quote;
    seen->beyond |= m.beyond;
    uint64_t inside = prefix_xor(m.quote) ^ index->inside;
    index->inside = (uint64_t)((int64_t)inside >> 63);
    uint64_t lines = m.newline & ~inside;
    uint64_t separators = (m.delimiter & ~inside) | lines;
    index->newlines += __builtin_popcountll(m.newline);
    if (lines != 0)
        put_lines(index, separators, lines);
    put_positions(index->ends + index->end_count, separators, (uint32_t)index->offset);
    index->end_count += __builtin_popcountll(separators);
    index->offset += count;
}

KERNEL static void index_bytes(qn_csv_index *out, const qn_csv_dialect *dialect, int64_t to) {
    needles wanted = needles_of(dialect);
    qn_csv_index index = *out;
    seen_masks seen = {0};
    bool escapes = dialect->escape != 0;
    while (index.offset + 64 <= to)
        index_block(&index, &seen, look(&wanted, index.base + index.offset), escapes, 64);
    if (index.offset < to) {
        int64_t count = to - index.offset;
        masks m = look_at(&wanted, index.base + index.offset, count);
        index_block(&index, &seen, m, escapes, count);
    }
    index.quotes |= seen.quotes != 0;
    index.beyond |= seen.beyond != 0;
    *out = index;
}
