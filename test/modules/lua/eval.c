// Runs Lua programs. Each has a state of its own, in which `print` writes into a text that the host
// reads afterwards, and `ask` asks the host.
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <stdlib.h>
#include <string.h>

#define EXPORT(name) __attribute__((export_name(#name)))
#define IMPORT(name) __attribute__((import_module("host"), import_name(#name)))

// A number for a number; negative if the host does not want to answer.
IMPORT(host_ask) int host_ask(int question);

static char *output;
static size_t length, capacity;

static void put(const char *text, size_t size) {
  if (length + size + 1 > capacity) {
    capacity = 2 * (length + size + 1);
    output = realloc(output, capacity);
    if (output == NULL) abort();
  }
  memcpy(output + length, text, size);
  length += size;
  output[length] = '\0';
}

static int print(lua_State *lua) {
  int count = lua_gettop(lua);
  for (int i = 1; i <= count; ++i) {
    size_t size;
    const char *text = luaL_tolstring(lua, i, &size);
    if (i > 1) put("\t", 1);
    put(text, size);
    lua_pop(lua, 1);
  }
  put("\n", 1);
  return 0;
}

static int ask(lua_State *lua) {
  int answer = host_ask((int)luaL_checkinteger(lua, 1));
  if (answer < 0) return luaL_error(lua, "the host does not answer");
  lua_pushinteger(lua, answer);
  return 1;
}

static void open_libraries(lua_State *lua) {
  static const luaL_Reg libraries[] = {
      {LUA_GNAME, luaopen_base},       {LUA_COLIBNAME, luaopen_coroutine},
      {LUA_TABLIBNAME, luaopen_table}, {LUA_STRLIBNAME, luaopen_string},
      {LUA_UTF8LIBNAME, luaopen_utf8}, {LUA_MATHLIBNAME, luaopen_math},
      {LUA_DBLIBNAME, luaopen_debug},  {NULL, NULL},
  };
  for (const luaL_Reg *library = libraries; library->name != NULL; ++library) {
    luaL_requiref(lua, library->name, library->func, 1);
    lua_pop(lua, 1);
  }
  lua_register(lua, "print", print);
  lua_register(lua, "ask", ask);
}

// What the program printed; the last line is its error, if it ended with one.
EXPORT(eval) const char *eval(const char *program) {
  length = 0;
  put("", 0);
  lua_State *lua = luaL_newstate();
  if (lua == NULL) return "no state\n";
  open_libraries(lua);
  if (luaL_loadbuffer(lua, program, strlen(program), "=program") != LUA_OK ||
      lua_pcall(lua, 0, 0, 0) != LUA_OK) {
    const char *error = luaL_tolstring(lua, -1, NULL);
    put("error: ", 7);
    put(error, strlen(error));
    put("\n", 1);
  }
  lua_close(lua);
  return output;
}
