#include "scan-addon.h"

#include <cstring>
#include <memory>

#include "arguments.h"
#include "inflate.h"
#include "reduce.h"
#include "unfilter.h"

namespace {

/** Memory that grows with what it is needed for, up to the largest that is worth keeping. */
class Scratch {
 public:
  uint8_t* of(size_t bytes) {
    if (bytes > size_) {
      data_.reset(new uint8_t[bytes]);
      size_ = bytes;
    }
    return data_.get();
  }
  void release() {
    if (size_ <= MOST_KEPT) return;
    data_.reset();
    size_ = 0;
  }

 private:
  static constexpr size_t MOST_KEPT = size_t{1} << 24;
  std::unique_ptr<uint8_t[]> data_;
  size_t size_ = 0;
};

thread_local Scratch rows, narrow;

/** A typed array of any of some kinds: its memory, and how many elements it has. */
struct Elements {
  napi_typedarray_type type;
  void* data;
  size_t length;
};

Elements anyElements(napi_env env, napi_value value, const char* name) {
  bool is = false;
  Elements of{};
  if (napi_is_typedarray(env, value, &is) != napi_ok || !is ||
      napi_get_typedarray_info(env, value, &of.type, &of.length, &of.data, nullptr, nullptr) != napi_ok)
    throw Refused{std::string("expected a typed array for ") + name};
  return of;
}

uint32_t whole(napi_env env, napi_value value, const char* name, uint32_t least, uint32_t most) {
  double number = 0;
  if (napi_get_value_double(env, value, &number) != napi_ok || !(number >= least && number <= most))
    throw Refused{std::string("expected a number within its range for ") + name};
  return static_cast<uint32_t>(number);
}

napi_value boolean(napi_env env, bool value) {
  napi_value result;
  napi_get_boolean(env, value, &result);
  return result;
}

void copyRows(const uint8_t* from, const FilteredRows& of, uint8_t* to) {
  for (long y = 0; y < of.rows; y++)
    std::memcpy(to + y * of.bytes, from + y * (of.bytes + 1) + 1, of.bytes);
}

/** Big-endian pairs of bytes to numbers of this machine. */
void copyPairs(const uint8_t* from, const FilteredRows& of, uint16_t* to) {
  for (long y = 0; y < of.rows; y++) {
    const uint8_t* row = from + y * (of.bytes + 1) + 1;
    for (long x = 0; x < of.bytes / 2; x++)
      *to++ = static_cast<uint16_t>(row[2 * x] << 8 | row[2 * x + 1]);
  }
}

constexpr uint32_t MOST_SIDE = 1 << 16;

Taps taps(napi_env env, napi_value firsts, napi_value counts, napi_value weights, long inputs) {
  Taps of{};
  size_t outputs = 0, counted = 0, weighted = 0;
  of.first = elements<int32_t>(env, firsts, "the runs", outputs);
  of.count = elements<int32_t>(env, counts, "the runs' lengths", counted);
  of.weights = elements<double>(env, weights, "the weights", weighted);
  of.outputs = static_cast<long>(outputs);
  if (counted != outputs) throw Refused{"expected as many lengths as runs"};
  const char* problem = problemOf(of, static_cast<long>(weighted), inputs);
  if (problem != nullptr) throw Refused{problem};
  return of;
}

}  // namespace

/** (gzip, packed, out) → bytes unpacked, at most those of `out`; -1: left to others, `out` is undefined.
 */
napi_value inflateScan(napi_env env, napi_callback_info info) {
  return guarded<3>(env, info, [env](const napi_value* arguments) {
    bool gzip = false;
    if (napi_get_value_bool(env, arguments[0], &gzip) != napi_ok)
      throw Refused{"expected true or false"};
    size_t length = 0, room = 0;
    const uint8_t* packed = elements<uint8_t>(env, arguments[1], "packed bytes", length);
    uint8_t* out = elements<uint8_t>(env, arguments[2], "unpacked bytes", room);
    if (room < INFLATE_SLACK) throw Refused{"expected room for the slack of the decoder"};
    const long made =
        inflateWhole(gzip ? Wrapping::gzip : Wrapping::zlib, packed, length, out, room - INFLATE_SLACK);
    napi_value result;
    napi_create_double(env, static_cast<double>(made), &result);
    return result;
  });
}

/** (packed, width, height, pixels) → whether `pixels`, bytes or 16-bit words, are now those of a grey
 * PNG. */
napi_value unpackPng(napi_env env, napi_callback_info info) {
  return guarded<4>(env, info, [env](const napi_value* arguments) {
    size_t length = 0;
    const uint8_t* packed = elements<uint8_t>(env, arguments[0], "packed bytes", length);
    const long width = whole(env, arguments[1], "the width", 1, MOST_SIDE);
    const long height = whole(env, arguments[2], "the height", 1, MOST_SIDE);
    const Elements pixels = anyElements(env, arguments[3], "the pixels");
    const bool wide = pixels.type == napi_uint16_array;
    if ((!wide && pixels.type != napi_uint8_array) ||
        pixels.length != static_cast<size_t>(width * height))
      throw Refused{"expected as many bytes or 16-bit words as pixels"};
    const long bytesPerPixel = wide ? 2 : 1;
    const size_t size = static_cast<size_t>(height) * (1 + width * bytesPerPixel);
    uint8_t* data = rows.of(size + INFLATE_SLACK);
    const FilteredRows filtered{data, height, width * bytesPerPixel, bytesPerPixel};
    const bool is =
        inflateWhole(Wrapping::zlib, packed, length, data, size) == static_cast<long>(size) &&
        unfilter(filtered);
    if (is && wide) copyPairs(data, filtered, static_cast<uint16_t*>(pixels.data));
    if (is && !wide) copyRows(data, filtered, static_cast<uint8_t*>(pixels.data));
    rows.release();
    return boolean(env, is);
  });
}

/**
 * (slice, table | null, height, width, columns: first, count, weights, rows: the same, out): a slice of
 * bytes or words, which the table makes numbers of, or of floats without one.
 */
napi_value reduceSlice(napi_env env, napi_callback_info info) {
  return guarded<11>(env, info, [env](const napi_value* arguments) {
    const Elements slice = anyElements(env, arguments[0], "the slice");
    const Floats table = optionalFloats(env, arguments[1], "the table");
    const long height = whole(env, arguments[2], "the height", 1, MOST_SIDE);
    const long width = whole(env, arguments[3], "the width", 1, MOST_SIDE);
    if (slice.length != static_cast<size_t>(height * width))
      throw Refused{"expected as many values as pixels"};
    Reduction of{};
    of.columns = taps(env, arguments[4], arguments[5], arguments[6], width);
    of.rows = taps(env, arguments[7], arguments[8], arguments[9], height);
    of.width = width;
    const Floats out = floats(env, arguments[10], "the smaller slice");
    expectLength(out, of.rows.outputs * of.columns.outputs, "the smaller slice");
    of.out = out.data;
    of.narrow = reinterpret_cast<double*>(narrow.of(sizeof(double) * height * of.columns.outputs));
    const bool isBytes = slice.type == napi_uint8_array, isWords = slice.type == napi_uint16_array;
    if (isBytes || isWords) {
      if (table.length != (isBytes ? 256u : 65536u))
        throw Refused{"expected a value for each that is stored"};
      if (isBytes) reduceBytes(of, static_cast<const uint8_t*>(slice.data), table.data);
      if (isWords) reduceWords(of, static_cast<const uint16_t*>(slice.data), table.data);
    } else if (slice.type == napi_float32_array && table.data == nullptr) {
      reduceFloats(of, static_cast<const float*>(slice.data));
    } else {
      throw Refused{"expected bytes or words with a table, or floats"};
    }
    narrow.release();
    return arguments[10];
  });
}
