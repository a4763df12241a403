// The half of h5_files.hpp that writes changed files, with the library's own calls: many of them are refused by it,
// which is no concern here.
#include <hdf5.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <fstream>
#include <vector>

#include "fuzz/h5_files.hpp"
#include "io/h5_type.hpp"

namespace fedorbit {
namespace {

using h5::Handle;

/// Takes what it needs from the bytes; zeros when they have run out.
class Choices {
 public:
  explicit Choices(std::span<const std::byte> bytes) : bytes_(bytes) {}
  bool left() const { return !bytes_.empty(); }
  unsigned byte() {
    if (bytes_.empty()) return 0;
    const auto value = unsigned(bytes_.front());
    bytes_ = bytes_.subspan(1);
    return value;
  }
  template <class T, std::size_t n>
  const T& of(const std::array<T, n>& list) {
    return list[byte() % n];
  }
  /// Small, or one of the sizes at which sums and products break.
  hsize_t size() {
    static constexpr std::array<hsize_t, 12> large{1u << 16,
                                                   hsize_t(1) << 31,
                                                   (hsize_t(1) << 32) + 1,
                                                   hsize_t(1) << 40,
                                                   hsize_t(1) << 60,
                                                   hsize_t(1) << 61,
                                                   hsize_t(1) << 62,
                                                   (hsize_t(1) << 63) - 1,
                                                   hsize_t(1) << 63,
                                                   ~hsize_t(0) - 1,
                                                   3000,
                                                   1u << 20};
    const unsigned choice = byte();
    return choice < 200 ? choice % 8 : large[choice % large.size()];
  }

 private:
  std::span<const std::byte> bytes_;
};

constexpr std::array names{"/",
                           "/pixels",
                           "/offset",
                           "/height",
                           "/width",
                           "/label",
                           "/domain",
                           "/class_name",
                           "/synonym",
                           "/synonym_class",
                           "/domain_name",
                           "/skipped_file",
                           "/features",
                           "/patches",
                           "/view_features",
                           "/view_patches",
                           "/done",
                           "/text",
                           "/prompts",
                           "/prompts/photo",
                           "/prompts/photo/template",
                           "/prompts/photo/features",
                           "/server",
                           "/server/global",
                           "/server/bounds",
                           "/clients",
                           "/client_rows",
                           "/client_rows/rows",
                           "/rounds",
                           "/rounds/round",
                           "/clients/client",
                           "/classes/name",
                           "/scores",
                           "/scores/scope",
                           "/scores/split",
                           "/scores/task",
                           "/scores/metric",
                           "/scores/client",
                           "/scores/domain",
                           "/scores/class",
                           "/scores/rounds_done",
                           "/scores/correct",
                           "/scores/count",
                           "/state",
                           "/state/context.shared",
                           "/state/axis0_2",
                           "/state/odd",
                           "/server/odd",
                           "/prompts/odd",
                           "/odd",
                           "/odd/odd"};
constexpr std::array<const char*, 20> attributes{
    "filetype", "version", "checksum", "bands",       "data_sha256", "weights_sha256", "preprocessing",
    "views",    "options", "imported", "logit_scale", "arithmetic",  "round",          "sha256",
    "start",    "end",     "hosts",    "ranks",       "kind",        "units"};
constexpr std::array<const char*, 5> kinds{"fedorbit-data", "fedorbit-features", "fedorbit-checkpoint",
                                           "fedorbit-results", "other"};

Handle type_of(Choices& choices) {
  const auto copy = [](hid_t type) { return Handle(H5Tcopy(type), H5Tclose); };
  switch (choices.byte() % 20) {
    case 0:
    case 1:
      return copy(H5T_STD_I64LE);
    case 2:
    case 3:
      return copy(H5T_IEEE_F32LE);
    case 4:
      return copy(h5::half_type().file);
    case 5:
      return copy(H5T_STD_U8LE);
    case 6:
      return copy(choices.byte() % 2 ? H5T_IEEE_F64BE : H5T_STD_I32BE);
    case 7:
    case 8: {
      Handle texts = copy(H5T_C_S1);
      H5Tset_size(texts.id(), std::max<std::size_t>(choices.size() & 0xFFFFFFFF, 1));
      H5Tset_strpad(texts.id(), H5T_str_t(choices.byte() % 3));
      return texts;
    }
    case 9: {
      Handle texts = copy(H5T_C_S1);
      H5Tset_size(texts.id(), H5T_VARIABLE);
      return texts;
    }
    case 10: {
      Handle odd = copy(H5T_STD_I64LE);  // integers of any number of bits, anywhere in any number of bytes
      H5Tset_size(odd.id(), 1 + choices.byte() % 40);
      H5Tset_precision(odd.id(), 1 + choices.byte());
      H5Tset_offset(odd.id(), choices.byte());
      H5Tset_pad(odd.id(), H5T_pad_t(choices.byte() % 2), H5T_pad_t(choices.byte() % 2));
      return odd;
    }
    case 11: {
      Handle odd = copy(H5T_IEEE_F64LE);
      H5Tset_size(odd.id(), 1 + choices.byte() % 40);
      const unsigned exponent = choices.byte(), exponents = choices.byte(), mantissa = choices.byte();
      H5Tset_fields(odd.id(), choices.byte(), exponent, exponents, mantissa, choices.byte());
      H5Tset_ebias(odd.id(), choices.size());
      H5Tset_norm(odd.id(), H5T_norm_t(choices.byte() % 3));
      return odd;
    }
    case 12: {
      const hsize_t sizes[] = {choices.size(), choices.size()};
      return Handle(H5Tarray_create2(H5T_STD_I64LE, 1 + choices.byte() % 2, sizes), H5Tclose);
    }
    case 13:
      return Handle(H5Tvlen_create(H5T_STD_I64LE), H5Tclose);
    case 14: {
      Handle record(H5Tcreate(H5T_COMPOUND, 16), H5Tclose);
      H5Tinsert(record.id(), "a", 0, H5T_STD_I64LE);
      return record;
    }
    case 15: {
      Handle words(H5Tenum_create(H5T_STD_I8LE), H5Tclose);
      const signed char one = 1;
      H5Tenum_insert(words.id(), "one", &one);
      return words;
    }
    case 16:
      return Handle(H5Tcreate(H5T_OPAQUE, 1 + choices.byte()), H5Tclose);
    case 17:
      return copy(choices.byte() % 2 ? H5T_STD_REF_OBJ : H5T_STD_B64LE);
    case 18:
      return copy(H5T_UNIX_D64LE);
    default:
      return copy(H5T_STD_U64LE);
  }
}

Handle space_of(Choices& choices, std::vector<hsize_t>& sizes) {
  const unsigned kind = choices.byte();
  if (kind % 16 == 0) return Handle(H5Screate(H5S_NULL), H5Sclose);
  if (kind % 16 == 1) return Handle(H5Screate(H5S_SCALAR), H5Sclose);
  const unsigned rank = kind % 16 == 2 ? 32 : kind % 16 < 9 ? 1 : kind % 16 < 12 ? 2 : kind % 16 - 9;
  for (unsigned i = 0; i < rank; ++i) sizes.push_back(choices.size());
  return Handle(H5Screate_simple(int(rank), sizes.data(), nullptr), H5Sclose);
}

Handle layout_of(Choices& choices, const std::vector<hsize_t>& sizes) {
  Handle list(H5Pcreate(H5P_DATASET_CREATE), H5Pclose);
  const unsigned kind = choices.byte() % 12;
  std::vector<hsize_t> chunk = sizes;
  for (hsize_t& size : chunk) size = std::clamp<hsize_t>(size, 1, 1 + choices.byte() % 4);
  if (kind == 0) H5Pset_layout(list.id(), H5D_COMPACT);
  if (kind >= 1 && kind <= 4) H5Pset_chunk(list.id(), int(chunk.size()), chunk.data());
  if (kind == 3) H5Pset_deflate(list.id(), 1);
  if (kind == 4) H5Pset_fletcher32(list.id());
  if (kind == 5) H5Pset_external(list.id(), "/etc/hostname", 0, H5F_UNLIMITED);
  if (kind == 6 && !sizes.empty()) {
    const Handle space(H5Screate_simple(int(sizes.size()), sizes.data(), nullptr), H5Sclose);
    H5Pset_virtual(list.id(), space.id(), ".", "/label", space.id());
  }
  if (kind == 7) H5Pset_fill_time(list.id(), H5D_FILL_TIME_NEVER);
  return list;
}

/// As many bytes as the values of a small array take.
std::vector<unsigned char> values_of(Choices& choices, hid_t type, hid_t space) {
  const hssize_t count = H5Sget_simple_extent_npoints(space);
  const std::size_t width = H5Tget_size(type);
  if (count <= 0 || count > 4096 || width == 0 || width > 4096 || H5Tdetect_class(type, H5T_VLEN) != 0 ||
      H5Tis_variable_str(type) != 0)
    return {};
  std::vector<unsigned char> values(std::size_t(count) * width);
  const unsigned step = choices.byte() % 2 ? 1 : unsigned(width);  // every byte, or the lowest of each value
  for (std::size_t i = 0; i < values.size() && choices.left(); i += step) values[i] = (unsigned char)choices.byte();
  return values;
}

void make_dataset(hid_t file, const char* name, Choices& choices) {
  const Handle type = type_of(choices);
  std::vector<hsize_t> sizes;
  const Handle space = space_of(choices, sizes), layout = layout_of(choices, sizes);
  H5Ldelete(file, name, H5P_DEFAULT);
  const Handle dataset(H5Dcreate2(file, name, type.id(), space.id(), H5P_DEFAULT, layout.id(), H5P_DEFAULT), H5Dclose);
  if (H5Pget_layout(layout.id()) == H5D_VIRTUAL || H5Pget_external_count(layout.id()) > 0) return;
  const auto values = values_of(choices, type.id(), space.id());
  if (dataset && !values.empty()) H5Dwrite(dataset.id(), type.id(), H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data());
}

void change_values(hid_t file, const char* name, Choices& choices) {
  const Handle dataset(H5Dopen2(file, name, H5P_DEFAULT), H5Dclose);
  const Handle type(H5Dget_type(dataset.id()), H5Tclose), space(H5Dget_space(dataset.id()), H5Sclose);
  const auto values = values_of(choices, type.id(), space.id());
  if (!values.empty()) H5Dwrite(dataset.id(), type.id(), H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data());
}

void make_attribute(hid_t file, const char* name, Choices& choices) {
  const char* attribute = choices.of(attributes);
  H5Adelete_by_name(file, name, attribute, H5P_DEFAULT);
  if (choices.byte() % 4 == 0) {  // of the right type
    const std::string word = choices.of(kinds);
    const Handle type = h5::text_type(word.size()), one(H5Screate(H5S_SCALAR), H5Sclose);
    const Handle made(
        H5Acreate_by_name(file, name, attribute, type.id(), one.id(), H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT), H5Aclose);
    H5Awrite(made.id(), type.id(), word.c_str());
    return;
  }
  const Handle type = type_of(choices);
  std::vector<hsize_t> sizes;
  const Handle space = space_of(choices, sizes);
  const auto values = values_of(choices, type.id(), space.id());
  if (values.empty() && (H5Sget_simple_extent_npoints(space.id()) > 4096 || H5Tget_size(type.id()) > 4096))
    return;  // the writer would need the memory
  const Handle made(
      H5Acreate_by_name(file, name, attribute, type.id(), space.id(), H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT), H5Aclose);
  if (made && !values.empty()) H5Awrite(made.id(), type.id(), values.data());
}

void change(hid_t file, Choices& choices) {
  const unsigned what = choices.byte() % 12;
  const char* name = choices.of(names);
  if (what >= 3 && what <= 7 && what != 4) H5Ldelete(file, name, H5P_DEFAULT);
  switch (what) {
    case 0:
    case 1:
    case 2:
      return make_dataset(file, name, choices);
    case 3:
      return;
    case 4: {
      const std::array<const char*, 2> both{name, choices.of(names)};
      H5Ldelete(file, both[0], H5P_DEFAULT);
      H5Lcreate_hard(file, both[1], file, both[0], H5P_DEFAULT, H5P_DEFAULT);
      return;
    }
    case 5:
      H5Lcreate_soft(choices.of(names), file, name, H5P_DEFAULT, H5P_DEFAULT);
      return;
    case 6:
      H5Lcreate_external("/dev/zero", "/label", file, name, H5P_DEFAULT, H5P_DEFAULT);
      return;
    case 7: {
      const Handle group(H5Gcreate2(file, name, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT), H5Gclose);
      return;
    }
    case 8:
    case 9:
      return make_attribute(file, name, choices);
    default:
      return change_values(file, name, choices);
  }
}

}  // namespace

void write_changed_h5(const std::filesystem::path& path, std::span<const std::byte> input) {
  H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
  Choices choices(input);
  const auto& files = small_h5_files();
  const std::string& good = std::next(files.begin(), choices.byte() % files.size())->second;
  std::ofstream(path, std::ios::binary) << good;
  const Handle access(H5Pcreate(H5P_FILE_ACCESS), H5Pclose);
  H5Pset_libver_bounds(access.id(), H5F_LIBVER_LATEST, H5F_LIBVER_LATEST);
  Handle file(H5Fopen(path.c_str(), H5F_ACC_RDWR, access.id()), H5Fclose);
  for (int i = 0; i < 12 && choices.left(); ++i) change(file.id(), choices);
  if (file.close() < 0) std::abort();  // it would stay open in the library and spoil what comes after
}

}  // namespace fedorbit
