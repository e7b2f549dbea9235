#version 430
uniform mat4 projection;
in vec3 in_position, in_normal, in_rest;
in vec4 in_aux;
out vec3 world, normal, rest;
out vec4 aux;
invariant gl_Position;     // the depth pass and the shading pass must agree

void main() {
    world = in_position;
    normal = in_normal;
    rest = in_rest;
    aux = in_aux;
    gl_Position = projection * vec4(in_position, 1.);
}
