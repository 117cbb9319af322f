#ifndef SHM_SEGMENT_MAP_H
#define SHM_SEGMENT_MAP_H

/* segment_map - compute the offsets of a segment's parts from its shape. */

struct segment_map;
struct segment_shape;

void segment_map(const struct segment_shape *shape, struct segment_map *m);

#endif
