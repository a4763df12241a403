// Writing safetensors: largest element types first, so that every tensor is aligned without holes.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "core/error.hpp"
#include "io/safetensors.hpp"
#include "io/safetensors_types.hpp"

namespace fedorbit {
namespace {

/// A file under a temporary name, which gets its own when all is written and vanishes otherwise.
class PartFile {
 public:
  explicit PartFile(const std::filesystem::path& file) : file_(file), part_(file.string() + ".part") {
    descriptor_ = ::open(part_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (descriptor_ < 0) refuse();
  }
  PartFile(const PartFile&) = delete;
  PartFile& operator=(const PartFile&) = delete;
  ~PartFile() {
    if (descriptor_ >= 0) ::close(descriptor_);
    if (!finished_) ::unlink(part_.c_str());
  }

  void write(const void* bytes, std::size_t size) {
    for (auto* next = static_cast<const char*>(bytes); size > 0;) {
      const auto written = ::write(descriptor_, next, size);
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) refuse();
      next += written;
      size -= std::size_t(written);
    }
  }

  void finish() {
    if (::fsync(descriptor_) != 0) refuse();
    const int descriptor = std::exchange(descriptor_, -1);
    if (::close(descriptor) != 0 || std::rename(part_.c_str(), file_.c_str()) != 0) refuse();
    finished_ = true;
  }

 private:
  [[noreturn]] void refuse() {
    fail(file_.string(), " cannot be written: ", std::strerror(errno), ".");
  }

  std::filesystem::path file_, part_;
  int descriptor_ = -1;
  bool finished_ = false;
};

std::string_view type_name(const std::string& name, const Tensor& tensor) {
  for (const SafetensorsType& type : safetensors_types)
    if (type.type == tensor.scalar_type()) return type.name;
  fail("tensor '", name, "' has the element type ", c10::toString(tensor.scalar_type()),
       ", which safetensors cannot hold.");
}

}  // namespace

void write_safetensors(const std::filesystem::path& file, const NamedTensors& tensors, const Metadata& metadata) {
  std::vector<const NamedTensors::value_type*> order;
  for (const auto& entry : tensors) order.push_back(&entry);
  std::stable_sort(order.begin(), order.end(), [](const auto* a, const auto* b) {
    return a->second.element_size() > b->second.element_size();
  });
  nlohmann::ordered_json header = nlohmann::ordered_json::object();
  if (!metadata.empty()) header["__metadata__"] = metadata;
  std::uint64_t end = 0;
  for (const auto* entry : order) {
    const std::uint64_t begin = end;
    end += entry->second.nbytes();
    header[entry->first] = {{"dtype", type_name(entry->first, entry->second)},
                            {"shape", entry->second.sizes().vec()},
                            {"data_offsets", {begin, end}}};
  }
  std::string written = header.dump();
  written.resize((written.size() + 7) / 8 * 8, ' ');
  const std::uint64_t length = written.size();
  unsigned char prefix[8];
  for (int i = 0; i < 8; ++i) prefix[i] = static_cast<unsigned char>(length >> 8 * i);

  PartFile part(file);
  part.write(prefix, sizeof prefix);
  part.write(written.data(), written.size());
  for (const auto* entry : order) {
    const Tensor plain = entry->second.detach().cpu().contiguous();
    part.write(plain.const_data_ptr(), plain.nbytes());
  }
  part.finish();
}

}  // namespace fedorbit
