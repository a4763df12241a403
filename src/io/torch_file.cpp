#include "io/torch_file.hpp"

#include <ATen/ops/empty.h>
#include <ATen/ops/empty_strided.h>
#include <ATen/ops/from_blob.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "core/error.hpp"
#include "io/pickle.hpp"
#include "io/zip.hpp"

namespace fedorbit {
namespace {

using Kind = PickleValue::Kind;
constexpr std::uint64_t longest_pickle = 16 << 20;  // a hundred times what a large CLIP needs
constexpr std::size_t most_tensor_dimensions = 8, deepest_path = 64, most_steps = 1'000'000;

class TorchArchive {
 public:
  TorchArchive(const FileBytes& bytes, const std::string& where)
      : bytes_(bytes), where_(where), entries_(read_zip_directory(bytes.span(), where)) {
    constexpr std::string_view main = "/data.pkl";
    for (const auto& [name, entry] : entries_)
      if (name.ends_with(main) && name.find('/') == name.size() - main.size())
        folder_ = name.substr(0, name.size() - main.size() + 1);
    require(!folder_.empty(), where_, " is a zip archive, but not PyTorch's: it has no data.pkl in a folder.");
    if (entries_.contains(folder_ + "byteorder"))
      require(content("byteorder") == "little", where_,
              " was written on a big-endian machine; save it again on a little-endian one.");
  }

  TorchFile read() {
    const std::string source = "data.pkl of " + where_;
    const std::string_view content = this->content("data.pkl");
    require(content.size() <= longest_pickle, source, " has ", content.size(), " bytes; at most ", longest_pickle,
            " are read.");
    const Pickle pickle = read_pickle(std::as_bytes(std::span(content)), source);
    TorchFile out;
    out.torch_script = pickle.root->kind == Kind::object;
    collect(state_dict(pickle.root), "", 0, out);
    require(!out.tensors.empty(), where_,
            " holds no tensors by name: neither at its top nor under state_dict or model.");
    return out;
  }

 private:
  std::string_view content(const std::string& name) const {
    const auto found = entries_.find(folder_ + name);
    require(found != entries_.end(), where_, " has no entry '", folder_, name, "', which its pickle refers to.");
    const ZipEntry& entry = found->second;
    require(entry.stored, "the entry '", found->first, "' of ", where_,
            " is compressed; PyTorch stores tensors as they are, so save the file again with torch.save.");
    return {reinterpret_cast<const char*>(bytes_.data) + entry.offset, std::size_t(entry.size)};
  }

  /// Training programs save the weights next to their own state.
  static const PickleValue* state_dict(const PickleValue* root) {
    for (int depth = 0; depth < 3; ++depth) {
      const PickleValue* inner = nullptr;
      if (root->kind == Kind::dictionary)
        for (std::size_t i = 0; i + 1 < root->items.size(); i += 2)
          for (const char* name : {"state_dict", "model", "model_state_dict"})
            if (root->items[i]->kind == Kind::text && root->items[i]->text == name &&
                root->items[i + 1]->kind == Kind::dictionary)
              inner = root->items[i + 1];
      if (inner == nullptr) break;
      root = inner;
    }
    return root;
  }

  void collect(const PickleValue* from, const std::string& path, std::size_t depth, TorchFile& out) {
    require(depth <= deepest_path, where_, " nests modules deeper than ", deepest_path, " at '", path, "'.");
    if (from->kind == Kind::object && !from->items.empty()) from = from->items[0];
    if (from->kind != Kind::dictionary) return;
    for (std::size_t i = 0; i + 1 < from->items.size(); i += 2) {
      require(++steps_ <= most_steps, where_, " holds more than a million values on the way to its tensors.");
      const PickleValue &key = *from->items[i], &value = *from->items[i + 1];
      if (key.kind != Kind::text) continue;
      if (value.kind == Kind::object) collect(&value, text(path, key.text, "."), depth + 1, out);
      if (value.kind != Kind::tensor) continue;
      const std::string name = path + std::string(key.text);
      require(out.tensors.try_emplace(name, tensor(value, text("tensor '", name, "' of ", where_))).second, where_,
              " has two tensors of the name '", name, "'.");
    }
  }

  std::vector<std::int64_t> whole_numbers(const PickleValue& list, const std::string& where) const {
    require(list.items.size() <= most_tensor_dimensions, where, " has ", list.items.size(), " dimensions; at most ",
            most_tensor_dimensions, " are read.");
    std::vector<std::int64_t> out;
    for (const PickleValue* item : list.items) {
      require(item->kind == Kind::integer && item->number >= 0, where,
              " has a size or stride that is no whole number.");
      out.push_back(item->number);
    }
    return out;
  }

  Tensor tensor(const PickleValue& value, const std::string& where) const {
    const PickleValue& storage = *value.items[0];
    const auto sizes = whole_numbers(*value.items[1], where), strides = whole_numbers(*value.items[2], where);
    require(sizes.size() == strides.size(), where, " has ", sizes.size(), " sizes and ", strides.size(), " strides.");
    const std::string_view numbers = content("data/" + std::string(storage.text));
    const std::uint64_t width = c10::elementSize(storage.type), room = numbers.size() / width;
    require(std::uint64_t(storage.number) <= room, where, " is said to lie among ", storage.number, " elements, but '",
            folder_, "data/", storage.text, "' has room for ", room, ".");
    // The product and the last element are compared with what is there, so that neither can overflow unseen.
    std::int64_t count = 1, last = value.number;
    bool fits = last >= 0;
    const bool empty = std::find(sizes.begin(), sizes.end(), 0) != sizes.end();
    for (std::size_t i = 0; i < sizes.size() && !empty; ++i) {
      std::int64_t reach = 0;
      fits = fits && !__builtin_mul_overflow(count, sizes[i], &count) &&
             !__builtin_mul_overflow(sizes[i] - 1, strides[i], &reach) && !__builtin_add_overflow(last, reach, &last);
    }
    const auto options = c10::TensorOptions(storage.type);
    if (empty) return at::empty(small(sizes, where), options);
    require(fits && last < storage.number && count <= storage.number, where, " of shape ", at::IntArrayRef(sizes),
            " and strides ", at::IntArrayRef(strides), " from element ", value.number, " does not fit into the ",
            storage.number, " elements that are stored for it.");
    std::byte* data = bytes_.data + (numbers.data() - reinterpret_cast<const char*>(bytes_.data)) +
                      std::uint64_t(value.number) * width;
    if (reinterpret_cast<std::uintptr_t>(data) % width == 0)
      return at::from_blob(
          data, sizes, strides, [owner = bytes_.owner](void*) {}, options);
    Tensor copy = at::empty_strided(sizes, strides, options);
    std::memcpy(copy.data_ptr(), data, std::uint64_t(last - value.number + 1) * width);
    return copy;
  }

  /// A shape without elements, whose other sizes must still not overflow where they are multiplied.
  static const std::vector<std::int64_t>& small(const std::vector<std::int64_t>& sizes, const std::string& where) {
    for (const std::int64_t size : sizes)
      require(size <= INT32_MAX, where, " has the shape ", at::IntArrayRef(sizes), " and no elements.");
    return sizes;
  }

  const FileBytes& bytes_;
  const std::string& where_;
  ZipDirectory entries_;
  std::string folder_;
  std::size_t steps_ = 0;
};

}  // namespace

TorchFile read_torch_file(const FileBytes& bytes, const std::string& where) {
  return TorchArchive(bytes, where).read();
}

}  // namespace fedorbit
