#include "kantei/base/json_schema.h"

namespace kantei {
namespace {

bool IsType(const Json& value, const std::string& type) {
  if (type == "object") return value.is_object();
  if (type == "array") return value.is_array();
  if (type == "string") return value.is_string();
  if (type == "boolean") return value.is_boolean();
  if (type == "integer") return value.is_number_integer();
  if (type == "number") return value.is_number();
  return type == "null" && value.is_null();
}

}  // namespace

std::vector<std::string> SchemaCheck::Violations(const Json& value) const {
  std::vector<std::string> out;
  Visit(root_, value, "", &out);
  return out;
}

void SchemaCheck::Visit(const Json& schema, const Json& value, const std::string& at,
                        std::vector<std::string>* out) const {
  if (schema.contains("$ref")) {
    const auto name = schema["$ref"].get<std::string>().substr(std::string("#/$defs/").size());
    Visit(root_.at("$defs").at(name), value, at, out);
  }
  if (schema.contains("type")) {
    const Json types = schema["type"].is_array() ? schema["type"] : Json::array({schema["type"]});
    bool fits = false;
    for (const Json& type : types) fits = fits || IsType(value, type.get<std::string>());
    if (!fits) out->push_back(at + ": is not of type " + DumpJson(types));
  }
  if (schema.contains("const") && value != schema["const"])
    out->push_back(at + ": is not " + DumpJson(schema["const"]));
  if (schema.contains("enum")) {
    bool found = false;
    for (const Json& allowed : schema["enum"]) found = found || value == allowed;
    if (!found) out->push_back(at + ": " + DumpJson(value) + " is not in " + DumpJson(schema["enum"]));
  }
  if (value.is_number()) {
    const double number = value.get<double>();
    if (schema.contains("minimum") && number < schema["minimum"].get<double>())
      out->push_back(at + ": below minimum");
    if (schema.contains("maximum") && number > schema["maximum"].get<double>())
      out->push_back(at + ": above maximum");
  }
  if (value.is_string()) {
    const std::size_t length = value.get_ref<const std::string&>().size();
    if (schema.contains("minLength") && length < schema["minLength"].get<std::size_t>())
      out->push_back(at + ": too short");
    if (schema.contains("maxLength") && length > schema["maxLength"].get<std::size_t>())
      out->push_back(at + ": too long");
  }
  if (value.is_array()) VisitArray(schema, value, at, out);
  if (value.is_object()) VisitObject(schema, value, at, out);
  if (schema.contains("anyOf")) {
    std::vector<std::string> all;
    for (const Json& option : schema["anyOf"]) {
      std::vector<std::string> wrong;
      Visit(option, value, at, &wrong);
      if (wrong.empty()) return;
      all.insert(all.end(), wrong.begin(), wrong.end());
    }
    out->insert(out->end(), all.begin(), all.end());
  }
}

void SchemaCheck::VisitArray(const Json& schema, const Json& value, const std::string& at,
                             std::vector<std::string>* out) const {
  if (schema.contains("minItems") && value.size() < schema["minItems"].get<std::size_t>())
    out->push_back(at + ": too short");
  if (schema.contains("maxItems") && value.size() > schema["maxItems"].get<std::size_t>())
    out->push_back(at + ": too long");
  if (!schema.contains("items")) return;
  for (std::size_t i = 0; i < value.size(); ++i)
    Visit(schema["items"], value[i], at + "/" + std::to_string(i), out);
}

void SchemaCheck::VisitObject(const Json& schema, const Json& value, const std::string& at,
                              std::vector<std::string>* out) const {
  if (schema.contains("required"))
    for (const Json& name : schema["required"])
      if (!value.contains(name.get<std::string>())) out->push_back(at + ": lacks " + name.get<std::string>());
  if (!schema.contains("properties")) return;
  const bool closed = schema.contains("additionalProperties") && schema["additionalProperties"] == false;
  for (const auto& [key, member] : value.items()) {
    if (schema["properties"].contains(key))
      Visit(schema["properties"][key], member, at + "/" + key, out);
    else if (closed)
      out->push_back(at + ": has the unknown member " + key);
  }
}

}  // namespace kantei
