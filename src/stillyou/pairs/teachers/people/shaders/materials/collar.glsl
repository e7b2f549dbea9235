// A golden collar of lobes. params: 0 gold, roughness; 1 first stones, lobes; 2 second stones, depth.
// aux: the neckline field, the angle around the neck.
float lobes(vec4 aux) { return abs(sin(aux.y * .5 * params[1].w)); }

bool cut(vec3 rest, vec4 aux) {
    return aux.x < .0 || aux.x > params[2].w * (.62 + .38 * sqrt(lobes(aux)));
}

void surface(inout Surface s) {
    vec3 v = s.view, gold = params[0].rgb;
    float lobe = lobes(s.aux), depth = params[2].w * (.62 + .38 * sqrt(lobe)), share = s.aux.x / depth;
    float turn = s.aux.y * params[1].w / 6.2832, across = fract(turn) - .5;
    vec2 p = vec2(across, (share - .62) * 1.1);
    float stone = length(p), ridge = min(min(abs(share - .95), abs(share - .30)), abs(share - .06));
    s.normal = normalize(s.normal + up * .5 * (ridge < .05 ? sign(share - .5) : 0.) + .25 * vec3(across, 0, 0) * smoothstep(.2, .9, share));
    vec3 n = s.normal, r = reflect(-v, n);
    float lit = key_visible(s.world, n, .004);
    vec3 half_way = normalize(v + key_direction);
    float relief = .75 + .5 * noise(vec3(turn * 26., share * 18., 2.)) * step(.34, share) * step(share, .9);
    vec3 seen = surroundings(r, .3) * (.6 + .6 * smoothstep(-.4, .7, r.y));
    s.glow = gold * mix(gold, vec3(1), .2) * (seen * .8 * relief + key_colour * ggx(max(dot(n, half_way), 0.), .12) * .10 * lit) * mix(.55, 1., lit);
    s.albedo = gold * gold * .22;
    s.shine = 0.;
    if (stone < .20 || (share < .24 && share > .1 && abs(fract(turn * 3.) - .5) < .22)) {
        s.albedo = mod(floor(turn), 2.) < .5 ? params[1].rgb : params[2].rgb;
        s.glow = surroundings(r, .1) * .2;
        s.shine = 1.;
        s.roughness = .15;
    }
}
