// Anything in an HDF5 file that carries attributes: the file's root, a group, a dataset.
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "io/h5_handle.hpp"

namespace fedorbit::h5 {

class Object {
 public:
  const std::string& file() const { return place_.file; }
  const std::string& name() const { return place_.name; }
  const Place& place() const { return place_; }
  hid_t id() const { return handle_.id(); }

  bool has_attribute(const std::string& name) const;
  /// Scalar and list attributes; an attribute of that name is replaced.
  void set_attribute(const std::string& name, const std::string& value);  // UTF-8, fixed length
  void set_attribute(const std::string& name, const char* value) { set_attribute(name, std::string(value)); }
  void set_attribute(const std::string& name, std::int64_t value);
  void set_attribute(const std::string& name, double value);
  void set_attribute(const std::string& name, std::span<const std::int64_t> values);
  /// A missing attribute, or one of another type, is an error that names file, object and attribute.
  std::string text_attribute(const std::string& name) const;  // of fixed length
  std::int64_t integer_attribute(const std::string& name) const;
  std::vector<std::int64_t> integers_attribute(const std::string& name) const;
  double real_attribute(const std::string& name) const;

 protected:
  Object() = default;
  Object(Handle handle, Place place) : handle_(std::move(handle)), place_(std::move(place)) {}
  Handle handle_;
  Place place_;

 private:
  void write_attribute(const std::string& name, hid_t space, hid_t file_type, hid_t memory_type, const void* value);
  Handle open_attribute(const std::string& name, H5T_class_t kind, const char* kind_name, bool single = true) const;
};

/// A group; made by File::group.
class Group : public Object {
 public:
  Group(Handle handle, Place place) : Object(std::move(handle), std::move(place)) {}
};

}  // namespace fedorbit::h5
