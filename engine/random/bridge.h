/* A sequence of independent normals, one a month, drawn from coarse to fine. The horizon has 16
   segments (months, if it is shorter). 16 normals, the ones that matter most first, are rotated
   into the segments' sums; within a segment the months follow one after the other, each from
   its law given what is left of the sum. The months are again independent standard normals:
   the rotation is orthogonal, and a step given the sum S of the r steps ahead is S/r plus a
   normal of variance 1 - 1/r. */
#ifndef TENOR_RANDOM_BRIDGE_H
#define TENOR_RANDOM_BRIDGE_H

#include <stdint.h>

#include "base/limits.h"
#include "random/bridge_table.h"
#include "random/isa.h"

struct bridge {
  double segment[BRIDGE_SEGMENTS][LANES]; /* the normals; from bridge_begin on the sums */
  double left[LANES];                     /* of the present segment's sum */
};

#define bridge_begin ISA_NAME(bridge_begin)
#define bridge_month ISA_NAME(bridge_month)

/* Normals the bridge starts from: segments of the horizon. */
static inline int64_t bridge_segments(int64_t months) {
  return months < BRIDGE_SEGMENTS ? months : BRIDGE_SEGMENTS;
}

/* segment[0 .. bridge_segments-1] holds normals. */
void bridge_begin(struct bridge *bridge, int64_t months);

/* Months in order. z: normals of the month; on return its step of the bridge. */
void bridge_month(struct bridge *bridge, int64_t months, int64_t m, double z[LANES]);

#endif
