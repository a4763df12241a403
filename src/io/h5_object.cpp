#include "io/h5_object.hpp"

#include "core/error.hpp"
#include "io/h5_bounds.hpp"
#include "io/h5_type.hpp"

namespace fedorbit::h5 {

namespace {

Handle scalar(const Place& place) { return own(H5Screate(H5S_SCALAR), H5Sclose, place, "make a scalar"); }

}  // namespace

bool Object::has_attribute(const std::string& name) const {
  return check(H5Aexists(id(), name.c_str()), place_, "look for an attribute") > 0;
}

void Object::write_attribute(const std::string& name, hid_t space, hid_t file_type, hid_t memory_type,
                             const void* value) {
  const Place attribute{place_.file, place_.name + "@" + name};
  if (has_attribute(name)) check(H5Adelete(id(), name.c_str()), attribute, "replace the attribute");
  const Handle handle = own(H5Acreate2(id(), name.c_str(), file_type, space, H5P_DEFAULT, H5P_DEFAULT), H5Aclose,
                            attribute, "create the attribute");
  check(H5Awrite(handle.id(), memory_type, value), attribute, "write the attribute");
}

void Object::set_attribute(const std::string& name, const std::string& value) {
  const Handle type = text_type(value.size());
  write_attribute(name, scalar(place_).id(), type.id(), type.id(), value.c_str());
}

void Object::set_attribute(const std::string& name, std::int64_t value) {
  const ElementType type = element_type<std::int64_t>();
  write_attribute(name, scalar(place_).id(), type.file, type.memory, &value);
}

void Object::set_attribute(const std::string& name, double value) {
  const ElementType type = element_type<double>();
  write_attribute(name, scalar(place_).id(), type.file, type.memory, &value);
}

void Object::set_attribute(const std::string& name, std::span<const std::int64_t> values) {
  const ElementType type = element_type<std::int64_t>();
  const hsize_t count = values.size();
  const Handle space = own(H5Screate_simple(1, &count, nullptr), H5Sclose, place_, "make a list");
  write_attribute(name, space.id(), type.file, type.memory, values.data());
}

Handle Object::open_attribute(const std::string& name, H5T_class_t kind, const char* kind_name, bool single) const {
  require(has_attribute(name), place_.file, ": ", place_.name, " has no attribute '", name, "', which should be ",
          kind_name, ".");
  Handle attribute = own(H5Aopen(id(), name.c_str(), H5P_DEFAULT), H5Aclose, place_, "open an attribute");
  require_plain_attribute(attribute.id(), {place_.file, place_.name + "@" + name});
  const Handle type = own(H5Aget_type(attribute.id()), H5Tclose, place_, "read an attribute's type");
  const Handle space = own(H5Aget_space(attribute.id()), H5Sclose, place_, "read an attribute's shape");
  require(H5Tget_class(type.id()) == kind && (!single || H5Sget_simple_extent_npoints(space.id()) == 1), place_.file,
          ": the attribute '", name, "' of ", place_.name, " is not ", kind_name, ".");
  return attribute;
}

std::string Object::text_attribute(const std::string& name) const {
  const Handle attribute = open_attribute(name, H5T_STRING, "one text");
  const Handle type = own(H5Aget_type(attribute.id()), H5Tclose, place_, "read an attribute's type");
  std::vector<char> bytes(H5Tget_size(type.id()) + 1, '\0');
  check(H5Aread(attribute.id(), type.id(), bytes.data()), place_, "read a text attribute");
  return bytes.data();
}

std::int64_t Object::integer_attribute(const std::string& name) const {
  const Handle attribute = open_attribute(name, H5T_INTEGER, "one integer");
  std::int64_t value = 0;
  check(H5Aread(attribute.id(), H5T_NATIVE_INT64, &value), place_, "read an integer attribute");
  return value;
}

std::vector<std::int64_t> Object::integers_attribute(const std::string& name) const {
  const Handle attribute = open_attribute(name, H5T_INTEGER, "a list of integers", false);
  const Handle space = own(H5Aget_space(attribute.id()), H5Sclose, place_, "read an attribute's shape");
  std::vector<std::int64_t> values(std::size_t(H5Sget_simple_extent_npoints(space.id())));
  check(H5Aread(attribute.id(), H5T_NATIVE_INT64, values.data()), place_, "read a list attribute");
  return values;
}

double Object::real_attribute(const std::string& name) const {
  const Handle attribute = open_attribute(name, H5T_FLOAT, "one real number");
  double value = 0;
  check(H5Aread(attribute.id(), H5T_NATIVE_DOUBLE, &value), place_, "read a real attribute");
  return value;
}

}  // namespace fedorbit::h5
