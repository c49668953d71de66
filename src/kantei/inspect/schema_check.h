// The part of JSON Schema (draft 2020-12) that docs/schema uses, for tests.
#pragma once

#include <string>
#include <vector>

#include "kantei/base/json.h"

namespace kantei::inspect::samples {

/// One line per violation: "/checks/copy/band: …". Knows type, properties, required, additionalProperties:
/// false, items, minItems, maxItems, enum, const, minimum, maximum, anyOf and local $ref.
class SchemaCheck {
 public:
  explicit SchemaCheck(const Json& root) : root_(root) {}

  std::vector<std::string> Violations(const Json& value) const {
    std::vector<std::string> out;
    Visit(root_, value, "", &out);
    return out;
  }

 private:
  static bool IsType(const Json& value, const std::string& type) {
    if (type == "object") return value.is_object();
    if (type == "array") return value.is_array();
    if (type == "string") return value.is_string();
    if (type == "boolean") return value.is_boolean();
    if (type == "integer") return value.is_number_integer();
    if (type == "number") return value.is_number();
    return type == "null" && value.is_null();
  }

  void Visit(const Json& schema, const Json& value, const std::string& at,
             std::vector<std::string>* out) const {
    if (schema.contains("$ref")) {
      const auto name = schema["$ref"].get<std::string>().substr(std::string("#/$defs/").size());
      Visit(root_.at("$defs").at(name), value, at, out);
    }
    if (schema.contains("type")) {
      const Json types = schema["type"].is_array() ? schema["type"] : Json::array({schema["type"]});
      bool fits = false;
      for (const Json& type : types) fits = fits || IsType(value, type.get<std::string>());
      if (!fits) out->push_back(at + ": is not of type " + types.dump());
    }
    if (schema.contains("const") && value != schema["const"])
      out->push_back(at + ": is not " + schema["const"].dump());
    if (schema.contains("enum")) {
      bool found = false;
      for (const Json& allowed : schema["enum"]) found = found || value == allowed;
      if (!found) out->push_back(at + ": " + value.dump() + " is not in " + schema["enum"].dump());
    }
    if (value.is_number()) {
      const double number = value.get<double>();
      if (schema.contains("minimum") && number < schema["minimum"].get<double>())
        out->push_back(at + ": below minimum");
      if (schema.contains("maximum") && number > schema["maximum"].get<double>())
        out->push_back(at + ": above maximum");
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

  void VisitArray(const Json& schema, const Json& value, const std::string& at,
                  std::vector<std::string>* out) const {
    if (schema.contains("minItems") && value.size() < schema["minItems"].get<std::size_t>())
      out->push_back(at + ": too short");
    if (schema.contains("maxItems") && value.size() > schema["maxItems"].get<std::size_t>())
      out->push_back(at + ": too long");
    if (!schema.contains("items")) return;
    for (std::size_t i = 0; i < value.size(); ++i)
      Visit(schema["items"], value[i], at + "/" + std::to_string(i), out);
  }

  void VisitObject(const Json& schema, const Json& value, const std::string& at,
                   std::vector<std::string>* out) const {
    if (schema.contains("required"))
      for (const Json& name : schema["required"])
        if (!value.contains(name.get<std::string>()))
          out->push_back(at + ": lacks " + name.get<std::string>());
    if (!schema.contains("properties")) return;
    const bool closed = schema.contains("additionalProperties") && schema["additionalProperties"] == false;
    for (const auto& [key, member] : value.items()) {
      if (schema["properties"].contains(key))
        Visit(schema["properties"][key], member, at + "/" + key, out);
      else if (closed)
        out->push_back(at + ": has the unknown member " + key);
    }
  }

  Json root_;
};

}  // namespace kantei::inspect::samples
