// Petals and leaves: thin, lit through. aux: colour, how near the tip is.
void surface(inout Surface s) {
    float vein = noise(s.rest * vec3(60.)) * .5 + noise(s.rest * vec3(24.)) * .5;
    s.albedo = s.aux.rgb * (.82 + .36 * vein);
    s.wrap = .5;                                     // light that shines through
    s.roughness = .5;
    s.reflectance = .04;
    s.shine = .5;
    s.sheen = .7;
    s.occlusion = .6 + .4 * smoothstep(0., .5, s.aux.a);
}
